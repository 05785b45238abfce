"""A real Bluesky PDS for the tests: ``pds.mjs`` under Node, with what ``package-lock.json`` names."""
