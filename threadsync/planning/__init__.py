"""Desired, prior, facts and the time become a plan, by functions alone."""
