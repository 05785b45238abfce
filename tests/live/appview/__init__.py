"""What readers see: a whole Bluesky network of its own, with the AppView that apps ask (``make appview``)."""
