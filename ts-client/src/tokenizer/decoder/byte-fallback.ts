import type { DecodeStep } from "./step.ts";

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;

/**
 * Puts runs of byte tokens (`<0xE2>`) together as UTF-8. A run that is not valid becomes one U+FFFD for each
 * of its bytes, as in the Rust library, so a run is known only at its end.
 */
export class ByteFallback implements DecodeStep {
  #run: number[] = [];

  push(tokens: readonly string[]): string[] {
    const texts: string[] = [];
    for (const token of tokens) {
      const byte = BYTE_TOKEN.exec(token)?.[1];
      if (byte !== undefined) {
        this.#run.push(Number.parseInt(byte, 16));
      } else {
        texts.push(...this.end(), token);
      }
    }
    return texts;
  }

  end(): string[] {
    const run = this.#run;
    if (run.length === 0) return [];
    this.#run = [];
    try {
      return [new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(run))];
    } catch {
      return ["\ufffd".repeat(run.length)];
    }
  }
}
