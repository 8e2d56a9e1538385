/** Limits that hold for every message, on both sides of every socket. */
export const LIMITS = {
  /** Bytes of a header frame, but for the kinds below. */
  headerBytes: 16 * 1024,
  /** Bytes of a header frame that describes many items or many tensors. */
  largeHeaderBytes: 64 * 1024,
  /** Nesting of maps and arrays in a header; the header itself is the first level. */
  depth: 8,
  /** Map entries and array items in a header, all together. */
  items: 4096,
  /** UTF-8 bytes of a map key. */
  keyBytes: 48,
  /** Tensor frames of a message (one byte counts them). */
  tensors: 255,
  /** Dimensions of a tensor. */
  rank: 8,
  /** Bytes of all tensor frames of a message. */
  tensorBytes: 64 * 1024 * 1024,
  /** Bytes of the tensor of a PART. */
  partBytes: 16 * 1024 * 1024,
  /** Bytes of all outputs of a request. */
  outputBytes: 1024 * 1024 * 1024,
  /** Requests in one SUBMIT. */
  batch: 64,
  /** UTF-8 bytes of an error's message, as a sender cuts it. */
  errorMessageBytes: 512,
} as const;

/** Kinds whose header may have {@link LIMITS.largeHeaderBytes}. */
export const LARGE_HEADER_KINDS = [
  "LOAD",
  "BEAT",
  "SUBMIT",
  "CHUNK",
  "RESULT",
  "ASSETS_REPLY",
  "ADMIN",
  "ADMIN_REPLY",
] as const;
