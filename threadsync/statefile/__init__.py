"""The state on a disk: its format, its journal, its lock, and the store that keeps the three together."""
