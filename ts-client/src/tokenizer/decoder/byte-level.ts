import type { DecodeStep } from "./step.ts";

/** The bytes that GPT-2's vocabulary writes as themselves; the others follow from U+0100 on. */
const VISIBLE: readonly (readonly [number, number])[] = [
  [0x21, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
];

const BYTES = byteOfCharacter();
const encoder = new TextEncoder();

/** Reads the characters of GPT-2's vocabulary as bytes, and those as UTF-8 with U+FFFD for what is not. */
export class ByteLevel implements DecodeStep {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  push(tokens: readonly string[]): string[] {
    return tokens.map((token) => this.#decoder.decode(bytesOf(token), { stream: true }));
  }

  end(): string[] {
    return [this.#decoder.decode()];
  }
}

/** An added token may hold other characters; it stands for itself. */
function bytesOf(token: string): Uint8Array {
  const bytes = Array.from(token, (char) => BYTES.get(char));
  return bytes.includes(undefined) ? encoder.encode(token) : Uint8Array.from(bytes as number[]);
}

function byteOfCharacter(): Map<string, number> {
  const map = new Map<string, number>();
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const visible = VISIBLE.some(([from, to]) => byte >= from && byte <= to);
    map.set(String.fromCharCode(visible ? byte : next++), byte);
  }
  return map;
}
