"""What a browser on this machine sees: posts and drafts as readers will see them, while they are written."""
