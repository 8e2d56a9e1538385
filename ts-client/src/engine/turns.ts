/** Work that is done before timers and other sockets get a turn. */
const MESSAGES = 64;
const BYTES = 1024 * 1024;

/** Counts what a socket's loop handles: it would go on for as long as messages come, and nothing else would happen. */
export class Turns {
  #messages = 0;
  #bytes = 0;

  /** Whether the loop should pause once this message is handled. */
  isOver(frames: readonly Uint8Array[]): boolean {
    this.#messages += 1;
    this.#bytes += frames.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (this.#messages < MESSAGES && this.#bytes < BYTES) return false;
    this.#messages = 0;
    this.#bytes = 0;
    return true;
  }
}
