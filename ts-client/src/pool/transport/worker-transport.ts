import { timingSafeEqual } from "node:crypto";
import { existsSync } from "node:fs";
import path from "node:path";
import { InstructBlipError } from "../../errors/index.ts";
import {
  decodeMessage,
  encodeMessage,
  type HeaderOf,
  type KindName,
  LIMITS,
  type Message,
} from "../../protocol/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Logger } from "../logger.ts";
import { RouterSocket } from "./router-socket.ts";
import { createSocketFolder, ipcEndpoint, removeSocketFolder } from "./runtime-folder.ts";

type WorkerChannel = "control" | "data" | "echo";
const CHANNELS: readonly WorkerChannel[] = ["control", "data", "echo"];
/** Room for the preamble and headers beside the largest tensor. */
const DATA_FRAME_BYTES = LIMITS.tensorBytes;
const CONTROL_FRAME_BYTES = 256 * 1024;

/** What the transport tells the supervisor and the pool. */
export interface WorkerTransportHandlers {
  /** All three sockets of a worker have said who they are. Told again when one of them connected anew. */
  readonly onConnected: (workerId: string, hello: HeaderOf<"HELLO">) => void;
  readonly onMessage: (workerId: string, message: Message) => void;
  /** The worker broke the protocol. */
  readonly onBreach: (workerId: string, reason: string) => void;
}

interface ExpectedWorker {
  readonly token: Buffer;
  readonly peers: Partial<Record<WorkerChannel, string>>;
}

/** The addresses a worker dials. */
export interface WorkerEndpoints {
  readonly control: string;
  readonly data: string;
  readonly echo: string;
}

/**
 * The pool's three ROUTER sockets, and who is who on them.
 *
 * A worker is known by its routing ids from the moment it has shown the token of its spawn; everything that
 * comes from anybody else is dropped.
 */
export class WorkerTransport {
  #folder = "";
  #endpoints: WorkerEndpoints = { control: "", data: "", echo: "" };
  #binding: Promise<void> | undefined;
  readonly #handlers: WorkerTransportHandlers;
  readonly #logger: Logger;
  readonly #sockets: Record<WorkerChannel, RouterSocket>;
  readonly #expected = new Map<string, ExpectedWorker>();
  readonly #workers: Record<WorkerChannel, Map<string, string>> = {
    control: new Map(),
    data: new Map(),
    echo: new Map(),
  };

  private constructor(handlers: WorkerTransportHandlers, logger: Logger) {
    this.#handlers = handlers;
    this.#logger = logger;
    this.#sockets = {
      control: this.#socket("control", CONTROL_FRAME_BYTES),
      data: this.#socket("data", DATA_FRAME_BYTES),
      echo: this.#socket("echo", CONTROL_FRAME_BYTES),
    };
  }

  /** Makes a private folder and binds the sockets in it. */
  static async open(handlers: WorkerTransportHandlers, logger: Logger): Promise<WorkerTransport> {
    const transport = new WorkerTransport(handlers, logger);
    try {
      await transport.#bind();
    } catch (error) {
      await transport.close();
      throw error;
    }
    return transport;
  }

  /**
   * The addresses that a new worker dials. New ones when the files are gone, as cleaners of temporary folders
   * take them; those that are connected stay so.
   */
  async endpoints(): Promise<WorkerEndpoints> {
    const isThere = CHANNELS.every((channel) => existsSync(path.join(this.#folder, channel)));
    if (!isThere) {
      this.#logger.warn(`the sockets in ${this.#folder} were removed; new ones are made`);
      this.#binding ??= this.#bind().finally(() => {
        this.#binding = undefined;
      });
    }
    await this.#binding;
    return this.#endpoints;
  }

  /** Lets a worker in that shows this token. */
  expect(workerId: string, token: string): void {
    this.#expected.set(workerId, { token: Buffer.from(token, "hex"), peers: {} });
  }

  /** Forgets a worker: what it still sends is dropped. */
  forget(workerId: string): void {
    const expected = this.#expected.get(workerId);
    if (expected === undefined) return;
    this.#expected.delete(workerId);
    for (const channel of CHANNELS) {
      const peer = expected.peers[channel];
      if (peer !== undefined) this.#workers[channel].delete(peer);
    }
  }

  /**
   * Sends to a worker; lost without a word when the worker is gone, as its process's end is what counts.
   *
   * @throws PAYLOAD_TOO_LARGE, INVALID_ARGUMENT when the message cannot be sent to anybody
   */
  send<K extends KindName>(
    workerId: string,
    channel: WorkerChannel,
    kind: K,
    header: Omit<HeaderOf<K>, "tensors">,
    tensors: readonly Tensor[] = [],
  ): void {
    const peer = this.#expected.get(workerId)?.peers[channel];
    if (peer === undefined) return;
    this.#sockets[channel].send(peer, encodeMessage(kind, header, tensors));
  }

  async close(): Promise<void> {
    await Promise.all(CHANNELS.map((channel) => this.#sockets[channel].close()));
    if (this.#folder !== "") await removeSocketFolder(this.#folder);
  }

  async #bind(): Promise<void> {
    const folder = await createSocketFolder();
    this.#folder = folder;
    this.#endpoints = {
      control: ipcEndpoint(folder, "control"),
      data: ipcEndpoint(folder, "data"),
      echo: ipcEndpoint(folder, "echo"),
    };
    for (const channel of CHANNELS) await this.#sockets[channel].bind(this.#endpoints[channel]);
  }

  #socket(channel: WorkerChannel, maxMessageSize: number): RouterSocket {
    return new RouterSocket(
      {
        onMessage: (peer, frames) => this.#receive(channel, peer, frames),
        onUnreachable: (peer) => {
          this.#logger.debug(
            `a ${channel} message to ${this.#workers[channel].get(peer) ?? "a stranger"} was not sent`,
          );
        },
        onFault: (peer, error) => this.#onFault(channel, peer, error),
      },
      { maxMessageSize, heartbeat: false },
    );
  }

  #receive(channel: WorkerChannel, peer: string, frames: readonly Uint8Array[]): void {
    const workerId = this.#workers[channel].get(peer);
    let message: Message | undefined;
    try {
      message = decodeMessage(frames);
    } catch (error) {
      const reason = InstructBlipError.isInstance(error) ? error.message : "The message could not be read.";
      if (workerId === undefined) this.#logger.warn(`dropped a message of a stranger: ${reason}`);
      else this.#handlers.onBreach(workerId, reason);
      return;
    }
    if (message === undefined) return;
    if (message.kind === "HELLO") this.#greet(channel, peer, message.header);
    else if (workerId !== undefined) this.#handlers.onMessage(workerId, message);
    else this.#logger.warn(`dropped a ${message.kind} of a peer that has not said HELLO`);
  }

  #onFault(channel: WorkerChannel, peer: string, error: unknown): void {
    const workerId = this.#workers[channel].get(peer) ?? "a stranger";
    const reason = error instanceof Error ? error.stack : String(error);
    this.#logger.error(`a ${channel} message of ${workerId} could not be handled: ${reason}`);
  }

  #greet(channel: WorkerChannel, peer: string, hello: HeaderOf<"HELLO">): void {
    const expected = this.#expected.get(hello.peer_id);
    const token = Buffer.from(hello.token, "hex");
    if (
      expected === undefined ||
      hello.role !== "worker" ||
      hello.channel !== channel ||
      expected.token.length !== token.length ||
      !timingSafeEqual(expected.token, token)
    ) {
      this.#logger.warn(`refused a HELLO on the ${channel} socket: unknown worker or wrong token`);
      return;
    }
    const before = expected.peers[channel];
    if (before === peer) return;
    if (before !== undefined) this.#workers[channel].delete(before);
    expected.peers[channel] = peer;
    this.#workers[channel].set(peer, hello.peer_id);
    if (CHANNELS.every((each) => expected.peers[each] !== undefined)) {
      this.#handlers.onConnected(hello.peer_id, hello);
    }
  }
}
