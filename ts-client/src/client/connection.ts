import { LRUCache } from "lru-cache";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import {
  decodeMessage,
  encodeMessage,
  FEATURES,
  type HeaderOf,
  type KindName,
  type Message,
  type OutgoingHeader,
  PROTOCOL_MINORS,
  SCHEMA_HASH,
} from "../protocol/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { DealerSocket } from "./dealer-socket.ts";
import type { DaemonAddress } from "./find-daemon.ts";

/** Pictures the daemon is believed to have. */
const REMEMBERED_PICTURES = 512;

export interface ConnectionHandlers {
  readonly onMessage: (message: Message) => void;
  /** The daemon is gone, or wants no more of this client. Told once. */
  readonly onLost: (error: InstructBlipError) => void;
}

/** A client's line to a daemon: introduces itself, shows that it is there, and notices when the daemon is not. */
export class Connection {
  readonly #socket: DealerSocket;
  readonly #handlers: ConnectionHandlers;
  readonly #pictures = new LRUCache<string, true>({ max: REMEMBERED_PICTURES });
  #welcome: HeaderOf<"WELCOME"> | undefined;
  #onWelcome: (outcome: HeaderOf<"WELCOME"> | InstructBlipError) => void = () => {};
  #heardAt = performance.now();
  #tickedAt = performance.now();
  #beat: NodeJS.Timeout | undefined;
  #beats = 0;
  /** Why nothing can be sent any more. */
  #over: InstructBlipError | undefined;

  private constructor(handlers: ConnectionHandlers) {
    this.#handlers = handlers;
    this.#socket = new DealerSocket({
      onMessage: (frames) => this.#receive(frames),
      onDisconnected: () => this.#lose(new InstructBlipError("POOL_UNAVAILABLE", "The daemon is gone.")),
      onFault: (error) =>
        this.#lose(new InstructBlipError("INTERNAL", `A defect: ${error}`, { cause: error })),
    });
  }

  /** @throws POOL_UNAVAILABLE when the daemon does not answer in time; what it refuses with otherwise */
  static async open(
    address: DaemonAddress,
    clientId: string,
    timeoutMs: number,
    handlers: ConnectionHandlers,
  ): Promise<Connection> {
    const connection = new Connection(handlers);
    try {
      connection.#connect(address.endpoint);
      await connection.#introduce(address, clientId, timeoutMs);
    } catch (error) {
      await connection.close();
      throw error;
    }
    return connection;
  }

  /** Whether the daemon has a picture; notes that it is being sent otherwise. */
  knows(hash: string): boolean {
    if (this.#pictures.get(hash) === true) return true;
    this.#pictures.set(hash, true);
    return false;
  }

  /** @throws why the connection is over; PAYLOAD_TOO_LARGE, INVALID_ARGUMENT */
  send<K extends KindName>(kind: K, header: OutgoingHeader<K>, tensors: readonly Tensor[] = []): void {
    if (this.#over !== undefined) throw this.#over;
    this.#socket.send(encodeMessage(kind, header, tensors));
  }

  async close(): Promise<void> {
    if (this.#over === undefined && this.#welcome !== undefined) {
      this.send("GOODBYE", { reason: "The client closes." });
    }
    this.#over ??= new InstructBlipError("POOL_CLOSED", "The client is closed.");
    clearInterval(this.#beat);
    await this.#socket.close();
  }

  #connect(endpoint: string): void {
    try {
      this.#socket.connect(endpoint);
    } catch {
      throw invalidArgument(
        "endpoint",
        "an address such as ipc:///run/user/1000/instructblip/front",
        endpoint,
      );
    }
  }

  async #introduce({ endpoint, key }: DaemonAddress, clientId: string, timeoutMs: number): Promise<void> {
    const answered = new Promise<HeaderOf<"WELCOME"> | InstructBlipError>((resolve) => {
      const timer = setTimeout(() => {
        const message = `The daemon at ${endpoint} did not answer within ${timeoutMs} ms.`;
        resolve(new InstructBlipError("POOL_UNAVAILABLE", message));
      }, timeoutMs);
      this.#onWelcome = (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
    });
    this.send("HELLO", {
      role: "client",
      channel: "front",
      peer_id: clientId,
      token: key,
      minors: PROTOCOL_MINORS,
      features: [...FEATURES],
      schema_hash: SCHEMA_HASH,
      pid: process.pid,
    });
    const outcome = await answered;
    if (outcome instanceof InstructBlipError) throw outcome;
    if (this.#over !== undefined) throw this.#over;
    this.#beat = setInterval(() => this.#tick(outcome), outcome.beat_ms);
  }

  #receive(frames: readonly Uint8Array[]): void {
    if (this.#over !== undefined) return;
    this.#heardAt = performance.now();
    let message: Message | undefined;
    try {
      message = decodeMessage(frames);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return this.#lose(new InstructBlipError("PROTOCOL", `The daemon sent what cannot be read: ${reason}`));
    }
    if (message === undefined || message.kind === "BEAT") return;
    if (message.kind === "WELCOME") {
      this.#welcome = message.header;
      return this.#onWelcome(message.header);
    }
    if (message.kind === "DISCONNECT" || message.kind === "GOODBYE") {
      const { code = "POOL_UNAVAILABLE", reason } = message.header;
      // A daemon that has taken this client in and does not know it any more is a new one, or gave it up.
      const isOver = code === "POOL_CLOSED" || (code === "UNAUTHENTICATED" && this.#welcome !== undefined);
      return this.#lose(new InstructBlipError(isOver ? "POOL_UNAVAILABLE" : code, reason));
    }
    this.#handlers.onMessage(message);
  }

  #tick({ beat_ms, dead_after }: HeaderOf<"WELCOME">): void {
    const now = performance.now();
    // When this process stood still itself, the daemon could not be heard.
    if (now - this.#tickedAt > 2 * beat_ms) this.#heardAt = now;
    this.#tickedAt = now;
    if (now - this.#heardAt > beat_ms * dead_after) {
      return this.#lose(new InstructBlipError("POOL_UNAVAILABLE", "The daemon fell silent."));
    }
    this.#beats += 1;
    this.send("BEAT", { seq: this.#beats });
  }

  #lose(error: InstructBlipError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    clearInterval(this.#beat);
    void this.#socket.close();
    if (this.#welcome === undefined) this.#onWelcome(error);
    else this.#handlers.onLost(error);
  }
}
