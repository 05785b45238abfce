"""Media files: what they are, found by reading as little of them as possible."""
