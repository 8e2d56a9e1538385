// Written by `npm run protocol:generate`.

/** SHA-256 of the protocol's schemas and limits; HELLO carries it. */
export const SCHEMA_HASH = "e9a129896649cdc48c96ea15523aa8ecdbd4c9c2155a2f2b814a6ccdd2064f8c";
