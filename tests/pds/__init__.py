"""A real Bluesky PDS for the tests: ``*.mjs`` under Node, with what the lock files name."""
