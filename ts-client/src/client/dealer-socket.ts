import { setImmediate as nextTurn } from "node:timers/promises";
import { Dealer } from "zeromq";
import { LIMITS } from "../protocol/index.ts";

/** Messages handled before timers get a turn. */
const TURN = 64;

/** A connected DEALER socket: one reader loop, one writer loop with a queue. */
export class DealerSocket {
  // Held while the client lives: a socket that nobody references is closed by the collector.
  readonly #socket: Dealer;
  readonly #onMessage: (frames: readonly Uint8Array[]) => void;
  readonly #outbox: (readonly Uint8Array[])[] = [];
  #writing = false;
  #closed = false;
  #reader: Promise<void> = Promise.resolve();

  constructor(onMessage: (frames: readonly Uint8Array[]) => void) {
    this.#onMessage = onMessage;
    this.#socket = new Dealer({
      linger: 500,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize: LIMITS.tensorBytes,
      reconnectInterval: 100,
      reconnectMaxInterval: 5000,
      heartbeatInterval: 2000,
      heartbeatTimeout: 6000,
      heartbeatTimeToLive: 6000,
    });
  }

  connect(endpoint: string): void {
    this.#socket.connect(endpoint);
    this.#reader = this.#read();
  }

  send(frames: readonly Uint8Array[]): void {
    if (this.#closed) return;
    this.#outbox.push(frames);
    if (!this.#writing) {
      this.#writing = true;
      void this.#write();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    while (this.#writing) await nextTurn();
    this.#closed = true;
    this.#socket.close();
    await this.#reader;
  }

  async #read(): Promise<void> {
    let handled = 0;
    try {
      for await (const frames of this.#socket) {
        this.#onMessage(frames);
        handled += 1;
        if (handled % TURN === 0) await nextTurn();
      }
    } catch (error) {
      // A pending receive rejects when the socket is closed under it.
      if (!this.#closed) throw error;
    }
  }

  async #write(): Promise<void> {
    let sent = 0;
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
      await this.#socket.send(next as Buffer[]);
      sent += 1;
      if (sent % TURN === 0) await nextTurn();
    }
    this.#writing = false;
  }
}
