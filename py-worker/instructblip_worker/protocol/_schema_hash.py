"""Written by ``npm run protocol:generate``."""

SCHEMA_HASH = "2e7a6ab27ab2126f575022f749da14d5eb4ef47252985b46e0d8ea0c9afb216d"
"""SHA-256 of the protocol's schemas and limits; HELLO carries it."""
