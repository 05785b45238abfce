"""Terraform for social posts: posts are files in git, planned and applied exactly once."""

__version__ = "0.1.0"
