// Written by `npm run protocol:generate`.

/** SHA-256 of the protocol's schemas and limits; HELLO carries it. */
export const SCHEMA_HASH = "db55969199c07352aba0ebc76c21eddb1fdb53fd203b2a987233c4f0ba200dfa";
