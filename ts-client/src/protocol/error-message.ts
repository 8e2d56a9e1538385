import { LIMITS } from "./limits.ts";

/** `text` without lone surrogates, cut to what an error's message may hold: 512 bytes of UTF-8. */
export function clipMessage(text: string): string {
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, LIMITS.errorMessageBytes);
  // Not within a character: a byte 10xxxxxx continues the one before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
