import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import { Dealer } from "zeromq";
import { Turns } from "../engine/turns.ts";
import { LIMITS } from "../protocol/index.ts";

/** What a socket does with what happens to it. */
export interface DealerHandlers {
  readonly onMessage: (frames: readonly Uint8Array[]) => void;
  /** The other side is gone, or was never there. */
  readonly onDisconnected: () => void;
  /** A defect: `onMessage` threw. */
  readonly onFault: (error: unknown) => void;
}

/** How long a socket must be quiet after the other side went. @unit milliseconds */
const SETTLE_MS = 20;

/** A connected DEALER socket: one reader loop, one writer loop with a queue. */
export class DealerSocket {
  // Held while the client lives: a socket that nobody references is closed by the collector.
  readonly #socket: Dealer;
  readonly #handlers: DealerHandlers;
  readonly #outbox: (readonly Uint8Array[])[] = [];
  #writing = false;
  #closed = false;
  #handled = 0;
  #reader: Promise<void> = Promise.resolve();

  constructor(handlers: DealerHandlers) {
    this.#handlers = handlers;
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
    this.#socket.events.on("disconnect", () => void this.#disconnected());
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

  /** Sends what is queued, then closes. */
  async close(): Promise<void> {
    while (this.#writing) await nextTurn();
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
    await this.#reader;
  }

  async #read(): Promise<void> {
    const turns = new Turns();
    try {
      for await (const frames of this.#socket) {
        if (this.#closed) continue;
        this.#handle(frames);
        this.#handled += 1;
        if (turns.isOver(frames)) await nextTurn();
      }
    } catch (error) {
      // A pending receive rejects when the socket is closed under it.
      if (!this.#closed) throw error;
    }
  }

  #handle(frames: readonly Uint8Array[]): void {
    try {
      this.#handlers.onMessage(frames);
    } catch (error) {
      this.#handlers.onFault(error);
    }
  }

  /** What the other side sent before it went is read first. */
  async #disconnected(): Promise<void> {
    for (let before = -1; before !== this.#handled; await wait(SETTLE_MS)) before = this.#handled;
    if (!this.#closed) this.#handlers.onDisconnected();
  }

  async #write(): Promise<void> {
    const turns = new Turns();
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
      await this.#socket.send(next as Buffer[]);
      if (turns.isOver(next)) await nextTurn();
    }
    this.#writing = false;
  }
}
