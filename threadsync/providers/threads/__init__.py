"""Threads (Meta): the typed endpoints in ``api``, the provider in ``provider``."""
