import { setImmediate as nextTurn } from "node:timers/promises";
import { Router } from "zeromq";
import { Turns } from "../../engine/turns.ts";

/** What a socket does with what comes in. */
export interface RouterHandlers {
  /** A message from a peer. `frames` share memory with libzmq: copy what is kept. */
  readonly onMessage: (peer: string, frames: readonly Uint8Array[]) => void;
  /** A message could not be sent, as the peer is gone. */
  readonly onUnreachable: (peer: string) => void;
  /** A defect: `onMessage` threw. The next message is read all the same. */
  readonly onFault: (peer: string, error: unknown) => void;
}

export interface RouterOptions {
  /** Bytes of one frame; a peer that sends more is cut off by libzmq. */
  readonly maxMessageSize: number;
  /**
   * Whether libzmq drops peers that are silent for six seconds. Not for workers: the pool itself may have been
   * stopped for that long, and would take the blame out on them.
   */
  readonly heartbeat: boolean;
}

/** How long a closing socket may take to hand over what was sent. @unit milliseconds */
const LINGER_MS = 500;

/**
 * A bound ROUTER socket: one reader loop, one writer loop with a queue.
 *
 * zeromq.js allows one `send` at a time and completes many without yielding, hence the queue and the turns.
 * With `mandatory` and no send timeout a vanished peer is an error at once instead of a silent loss.
 */
export class RouterSocket {
  // Held for as long as the pool lives: a socket that nobody references is closed by the collector.
  readonly #socket: Router;
  readonly #handlers: RouterHandlers;
  readonly #outbox: { readonly peer: string; readonly frames: readonly Uint8Array[] }[] = [];
  #writing = false;
  #closed = false;
  #reader: Promise<void> | undefined;

  constructor(handlers: RouterHandlers, { maxMessageSize, heartbeat }: RouterOptions) {
    this.#handlers = handlers;
    this.#socket = new Router({
      mandatory: true,
      sendTimeout: 0,
      linger: LINGER_MS,
      // Bytes in flight are bounded by credits; the water marks would only turn pressure into errors.
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize,
      handshakeInterval: 2000,
      ...(heartbeat ? { heartbeatInterval: 2000, heartbeatTimeout: 6000, heartbeatTimeToLive: 6000 } : {}),
    });
  }

  /** Listens on an address; on another one too when called again. */
  async bind(endpoint: string): Promise<void> {
    await this.#socket.bind(endpoint);
    this.#reader ??= this.#read();
  }

  /** Queues a message; it is sent in order, or reported as unreachable. */
  send(peer: string, frames: readonly Uint8Array[]): void {
    if (this.#closed) return;
    this.#outbox.push({ peer, frames });
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
      for await (const [id, ...frames] of this.#socket) {
        if (id === undefined || this.#closed) continue;
        this.#handle(id.toString("hex"), frames);
        if (turns.isOver(frames)) await nextTurn();
      }
    } catch (error) {
      // A pending receive rejects with EAGAIN when the socket is closed under it.
      if (!this.#closed) throw error;
    }
  }

  #handle(peer: string, frames: readonly Uint8Array[]): void {
    try {
      this.#handlers.onMessage(peer, frames);
    } catch (error) {
      this.#handlers.onFault(peer, error);
    }
  }

  async #write(): Promise<void> {
    const turns = new Turns();
    for (let next = this.#outbox.shift(); next !== undefined; next = this.#outbox.shift()) {
      const { peer, frames } = next;
      try {
        await this.#socket.send([Buffer.from(peer, "hex"), ...(frames as Buffer[])]);
      } catch {
        this.#handlers.onUnreachable(peer);
      }
      if (turns.isOver(frames)) await nextTurn();
    }
    this.#writing = false;
  }
}
