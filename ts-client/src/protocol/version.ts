/** The major version: part of every message's first frame. */
export const PROTOCOL_MAJOR = 1;

/** The minor versions this side speaks; HELLO and WELCOME agree on one. */
export const PROTOCOL_MINORS = { min: 0, max: 0 } as const;

/** Optional abilities; HELLO offers them, WELCOME holds those that both sides have. */
export const FEATURES = ["streaming", "hash-first"] as const;
