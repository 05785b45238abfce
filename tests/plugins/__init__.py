"""Providers of other packages: a toy one, in a project of its own, and what is made of faulty ones."""
