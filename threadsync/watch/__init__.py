"""``threadsync watch``: what the files say, planned and shown again whenever one is saved."""
