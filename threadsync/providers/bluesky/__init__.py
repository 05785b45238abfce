"""Bluesky, and other networks of the AT Protocol that know app.bsky: posts are records in a repository."""
