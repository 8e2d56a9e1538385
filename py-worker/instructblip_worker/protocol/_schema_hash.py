"""Written by ``npm run protocol:generate``."""

SCHEMA_HASH = "8784af3129dc75afbb49c9542b8f86d3bd759a8dc6acfdd9cca9a80d3a92b9fe"
"""SHA-256 of the protocol's schemas and limits; HELLO carries it."""
