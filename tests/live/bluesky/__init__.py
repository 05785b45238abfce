"""Bluesky as it is: these tests talk to a real PDS of their own (``make pds`` installs it)."""
