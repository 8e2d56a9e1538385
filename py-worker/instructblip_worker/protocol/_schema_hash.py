"""Written by ``npm run protocol:generate``."""

SCHEMA_HASH = "e63142c50ae4c2130331547e10bda2c70cb676e5b1b255bc828595904952f770"
"""SHA-256 of the protocol's schemas and limits; HELLO carries it."""
