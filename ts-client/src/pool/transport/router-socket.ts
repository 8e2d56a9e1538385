import { setImmediate as nextTurn } from "node:timers/promises";
import { Router } from "zeromq";

/** What a socket does with what comes in. */
export interface RouterHandlers {
  /** A message from a peer. `frames` share memory with libzmq: copy what is kept. */
  readonly onMessage: (peer: string, frames: readonly Uint8Array[]) => void;
  /** A message could not be sent, as the peer is gone. */
  readonly onUnreachable: (peer: string) => void;
}

export interface RouterLimits {
  /** Bytes of one frame; a peer that sends more is cut off by libzmq. */
  readonly maxMessageSize: number;
}

/** Messages handled before timers and other sockets get a turn. */
const TURN = 64;

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
  readonly #peers = new Map<string, Buffer>();
  #writing = false;
  #closed = false;
  #reader: Promise<void> = Promise.resolve();

  constructor(handlers: RouterHandlers, limits: RouterLimits) {
    this.#handlers = handlers;
    this.#socket = new Router({
      mandatory: true,
      sendTimeout: 0,
      linger: 0,
      // Bytes in flight are bounded by credits; the water marks would only turn pressure into errors.
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
      maxMessageSize: limits.maxMessageSize,
      handshakeInterval: 2000,
      heartbeatInterval: 2000,
      heartbeatTimeout: 6000,
      heartbeatTimeToLive: 6000,
    });
  }

  async bind(endpoint: string): Promise<void> {
    await this.#socket.bind(endpoint);
    this.#reader = this.#read();
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

  /** Forgets the routing id of a peer that is gone. */
  forget(peer: string): void {
    this.#peers.delete(peer);
  }

  /** Sends what is queued, then closes. */
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
      for await (const [id, ...frames] of this.#socket) {
        if (id === undefined) continue;
        const peer = id.toString("hex");
        // The id is copied: the frame would pin libzmq's memory.
        if (!this.#peers.has(peer)) this.#peers.set(peer, Buffer.from(id));
        this.#handlers.onMessage(peer, frames);
        handled += 1;
        if (handled % TURN === 0) await nextTurn();
      }
    } catch (error) {
      // A pending receive rejects with EAGAIN when the socket is closed under it.
      if (!this.#closed) throw error;
    }
  }

  async #write(): Promise<void> {
    let sent = 0;
    for (;;) {
      const next = this.#outbox.shift();
      if (next === undefined) break;
      const id = this.#peers.get(next.peer);
      if (id === undefined) {
        this.#handlers.onUnreachable(next.peer);
        continue;
      }
      try {
        await this.#socket.send([id, ...(next.frames as Buffer[])]);
      } catch {
        this.#peers.delete(next.peer);
        this.#handlers.onUnreachable(next.peer);
      }
      sent += 1;
      if (sent % TURN === 0) await nextTurn();
    }
    this.#writing = false;
  }
}
