/** What a picture may be; anything over is refused before it is decoded. */
export const IMAGE_LIMITS = {
  /** Bytes of an encoded picture. */
  bytes: 32 * 1024 * 1024,
  /** Width times height. */
  pixels: 64_000_000,
  /** Width times height of a progressive JPEG, which must be held whole while it is decoded. */
  progressivePixels: 16_000_000,
} as const;
