import { timingSafeEqual } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type {
  AnyInputs,
  AnyRequest,
  CallOptions,
  Engine,
  PreparedImage,
  TensorInputs,
} from "../engine/index.ts";
import { fromWireOp, type ReceivedOp } from "../engine/wire-op.ts";
import { InstructBlipError } from "../errors/index.ts";
import type { Logger } from "../pool/logger.ts";
import { RouterSocket } from "../pool/transport/router-socket.ts";
import {
  clipMessage,
  decodeMessage,
  encodeMessage,
  FEATURES,
  type HeaderOf,
  type KindName,
  LIMITS,
  type Message,
  type MessageOf,
  type OutgoingHeader,
  PROTOCOL_MINORS,
} from "../protocol/index.ts";
import { Tensor } from "../tensor/index.ts";
import { runAdmin } from "./admin.ts";
import { FrontClient } from "./front-client.ts";
import { PictureCache } from "./picture-cache.ts";

/** How often the two sides show that they are there. @unit milliseconds */
const BEAT_MS = 2000;
/** Missed beats after which a client's requests are given up. */
const DEAD_AFTER = 5;
/** Of an ADMIN_REPLY's result, well within its header. @unit bytes */
const LARGEST_REPLY = 64_000;

export interface FrontOptions {
  readonly endpoint: string;
  /** What clients must show: 64 hexadecimal digits. */
  readonly key: string;
  readonly poolEpoch: string;
  readonly logger: Logger;
  /** A client asked the daemon to end. */
  readonly onStop: () => void;
}

/** Lets other processes use an engine of this one. */
export class FrontServer {
  readonly #engine: Engine;
  readonly #options: FrontOptions;
  readonly #key: Buffer;
  readonly #socket: RouterSocket;
  readonly #clients = new Map<string, FrontClient>();
  readonly #pictures = new PictureCache();
  #beat: NodeJS.Timeout | undefined;
  #beats = 0;
  #beatAt = performance.now();

  private constructor(engine: Engine, options: FrontOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#key = Buffer.from(options.key, "hex");
    this.#socket = new RouterSocket(
      {
        onMessage: (peer, frames) => this.#receive(peer, frames),
        onUnreachable: (peer) => this.#leave(peer, "The client is gone."),
        onFault: (peer, error) => this.#onFault(peer, error),
      },
      { maxMessageSize: LIMITS.tensorBytes, heartbeat: true },
    );
  }

  /** Binds the endpoint and begins to serve. */
  static async open(engine: Engine, options: FrontOptions): Promise<FrontServer> {
    const server = new FrontServer(engine, options);
    try {
      await server.#socket.bind(options.endpoint);
    } catch (error) {
      await server.#socket.close();
      throw error;
    }
    server.#beat = setInterval(() => server.#tick(), BEAT_MS);
    return server;
  }

  /** Processes that are connected. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Waits until the ends of all requests are with their clients: slow readers of a stream are still at it. */
  async settled(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    const isBusy = () => [...this.#clients.values()].some(({ underWay }) => underWay > 0);
    while (isBusy() && performance.now() < until) await wait(20);
  }

  /** Says goodbye to the clients and closes the socket. */
  async close(reason: string): Promise<void> {
    clearInterval(this.#beat);
    const clients = [...this.#clients];
    this.#clients.clear();
    for (const [peer, client] of clients) {
      client.leave(reason);
      this.#send(peer, "GOODBYE", { reason, code: "POOL_CLOSED" });
    }
    await this.#socket.close();
  }

  #receive(peer: string, frames: readonly Uint8Array[]): void {
    let message: Message | undefined;
    try {
      message = decodeMessage(frames);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.logger.warn(`a client sent what could not be read: ${reason}`);
      if (this.#clients.has(peer)) this.#disconnect(peer, "PROTOCOL", reason);
      return;
    }
    if (message === undefined) return;
    if (message.kind === "HELLO") return this.#greet(peer, message.header);
    const client = this.#clients.get(peer);
    if (client === undefined) {
      // A client of an earlier daemon on this endpoint: it must introduce itself anew.
      return this.#disconnect(peer, "UNAUTHENTICATED", "Say HELLO first.");
    }
    client.seenAt = performance.now();
    this.#handle(peer, client, message);
  }

  #handle(peer: string, client: FrontClient, message: Message): void {
    switch (message.kind) {
      case "BEAT":
        return;
      case "SUBMIT":
        return this.#submit(peer, client, message);
      case "CANCEL":
        return client.request(message.header.request_id)?.cancel(message.header.reason);
      case "CREDIT":
        return client.request(message.header.request_id)?.addCredit(message.header.chunks);
      case "PUT":
        return this.#put(client, message);
      case "ASSETS":
        void this.#assets(peer, message.header);
        return;
      case "ADMIN":
        void this.#admin(peer, message.header);
        return;
      case "GOODBYE":
        return this.#leave(peer, "The client left.");
      default:
        return this.#disconnect(peer, "PROTOCOL", `${message.kind} is not for clients to send.`);
    }
  }

  #greet(peer: string, hello: HeaderOf<"HELLO">): void {
    const token = Buffer.from(hello.token, "hex");
    if (hello.role !== "client" || hello.channel !== "front" || !timingSafeEqual(token, this.#key)) {
      this.#options.logger.warn("refused a client with a wrong key");
      return this.#disconnect(peer, "UNAUTHENTICATED", "The key is wrong.");
    }
    const minor = Math.min(PROTOCOL_MINORS.max, hello.minors.max);
    if (minor < PROTOCOL_MINORS.min || minor < hello.minors.min) {
      const reason = `This daemon speaks minor versions ${PROTOCOL_MINORS.min} to ${PROTOCOL_MINORS.max}.`;
      return this.#disconnect(peer, "VERSION_MISMATCH", reason);
    }
    // A HELLO that comes twice must not orphan what the first one's client has under way.
    if (!this.#clients.has(peer)) this.#clients.set(peer, new FrontClient());
    this.#send(peer, "WELCOME", {
      minor,
      features: FEATURES.filter((feature) => hello.features.includes(feature)),
      pool_epoch: this.#options.poolEpoch,
      worker_epoch: 0,
      beat_ms: BEAT_MS,
      dead_after: DEAD_AFTER,
      admin: true,
    });
  }

  #submit(peer: string, client: FrontClient, { header, tensors }: MessageOf<"SUBMIT">): void {
    const accepted: { request_id: string; attempt: number }[] = [];
    for (const item of header.items) {
      const { request_id, attempt } = item;
      try {
        if (client.request(request_id) !== undefined) {
          const message = `A request with the id ${request_id} is already under way.`;
          throw new InstructBlipError("INVALID_ARGUMENT", message, { path: "request_id" });
        }
        const received = fromWireOp(item.op, tensors);
        const prepare = this.#preparation(peer, client, received, tensors);
        const request = { ...received.request, modelId: header.model_id, stream: item.stream, prepare };
        const submission = this.#engine.submit(request as AnyRequest, callOptions(item));
        client.run(item, submission, {
          chunk: (chunk) => this.#send(peer, "CHUNK", chunk),
          part: (part, bytes) => this.#send(peer, "PART", part, bytes),
          result: (result, outputs) => this.#send(peer, "RESULT", result, outputs),
          error: (error) => this.#send(peer, "ERROR", error),
        });
        accepted.push({ request_id, attempt });
      } catch (error) {
        const { code, message } = asKnown(error);
        this.#send(peer, "ERROR", {
          request_id,
          attempt,
          code,
          message: clipMessage(message),
          started: false,
        });
      }
    }
    if (accepted.length > 0) this.#send(peer, "ACCEPT", { items: accepted });
  }

  /** How the pool gets an operation's inputs: the picture may still have to come. */
  #preparation(
    peer: string,
    client: FrontClient,
    { inputs }: ReceivedOp,
    tensors: readonly Tensor[],
  ): (signal: AbortSignal) => Promise<AnyInputs> {
    if (!isQuestion(inputs)) return async () => inputs;
    const { image, ...others } = inputs;
    let sent = image.tensor === undefined ? undefined : tensors[image.tensor];
    return async (signal) => {
      const picture = this.#pictureOf(peer, client, image.hash, sent, signal);
      // The message's memory is not held for as long as the request lives.
      sent = undefined;
      const { interpolate } = image;
      return { ...others, image: { ...(await picture), ...(interpolate !== undefined && { interpolate }) } };
    };
  }

  /** The picture of an item: sent along, known from before, or asked for now. */
  #pictureOf(
    peer: string,
    client: FrontClient,
    hash: string,
    sent: Tensor | undefined,
    signal: AbortSignal,
  ): PreparedImage | Promise<PreparedImage> {
    if (sent !== undefined) return this.#pictures.add(hash, sent);
    const known = this.#pictures.get(hash);
    if (known !== undefined) return known;
    return client.awaitPicture(hash, signal, () => this.#send(peer, "NEED", { hashes: [hash] }));
  }

  #put(client: FrontClient, { header, tensors }: MessageOf<"PUT">): void {
    const tensor = tensors[header.tensor];
    if (tensor === undefined) return;
    try {
      client.onPicture(header.hash, this.#pictures.add(header.hash, tensor));
    } catch (error) {
      client.onPicture(header.hash, asKnown(error));
    }
  }

  async #assets(peer: string, { id, model_id }: HeaderOf<"ASSETS">): Promise<void> {
    try {
      const assets = await this.#engine.assets(model_id);
      const modelId = model_id ?? (await this.#onlyModel());
      const files = Object.entries(assets.files);
      this.#send(
        peer,
        "ASSETS_REPLY",
        {
          id,
          model_id: modelId,
          hash: assets.hash,
          files: files.map(([path], tensor) => ({ path, tensor })),
        },
        files.map(([, bytes]) => new Tensor("uint8", [bytes.length], bytes)),
      );
    } catch (error) {
      this.#refuse(peer, id, error);
    }
  }

  /** The id of the model that is meant by requests that name none. */
  async #onlyModel(): Promise<string> {
    const models = await this.#engine.models();
    const [only] = models;
    if (only !== undefined && models.length === 1) return only.modelId;
    const known = models.map(({ modelId }) => modelId).join(", ") || "none";
    const message = `\`modelId\` must name one of the models served here: ${known}.`;
    throw new InstructBlipError("INVALID_ARGUMENT", message, { path: "modelId" });
  }

  async #admin(peer: string, { id, action, args }: HeaderOf<"ADMIN">): Promise<void> {
    try {
      const result = await runAdmin(this.#engine, action, args, { clients: this.clients });
      const text = JSON.stringify(result ?? null);
      if (Buffer.byteLength(text) > LARGEST_REPLY) {
        const message = `The answer takes ${text.length} bytes, more than a message holds.`;
        throw new InstructBlipError("PAYLOAD_TOO_LARGE", message);
      }
      this.#send(peer, "ADMIN_REPLY", { id, result: text });
      if (action === "stop") this.#options.onStop();
    } catch (error) {
      this.#refuse(peer, id, error);
    }
  }

  #refuse(peer: string, id: number, error: unknown): void {
    const { code, message } = asKnown(error);
    this.#send(peer, "ADMIN_REPLY", { id, code, message: clipMessage(message) });
  }

  /** A defect of ours must not end the daemon; whose message it was starts anew. */
  #onFault(peer: string, error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#options.logger.error(`a client's message could not be handled: ${reason}`);
    this.#disconnect(peer, "INTERNAL", "The daemon could not handle a message of this client.");
  }

  /** Shows that the daemon is there, and gives up clients that are not. */
  #tick(): void {
    const now = performance.now();
    const late = now - this.#beatAt - BEAT_MS > BEAT_MS;
    this.#beatAt = now;
    this.#beats += 1;
    for (const [peer, client] of this.#clients) {
      // When this process stood still itself, its clients could not be heard.
      if (late) client.seenAt = now;
      if (now - client.seenAt > BEAT_MS * DEAD_AFTER) this.#leave(peer, "The client fell silent.");
      else this.#send(peer, "BEAT", { seq: this.#beats });
    }
  }

  #disconnect(peer: string, code: HeaderOf<"DISCONNECT">["code"], reason: string): void {
    this.#send(peer, "DISCONNECT", { code, reason: clipMessage(reason) });
    this.#leave(peer, reason);
  }

  #leave(peer: string, reason: string): void {
    const client = this.#clients.get(peer);
    if (client === undefined) return;
    this.#clients.delete(peer);
    client.leave(reason);
  }

  #send<K extends KindName>(
    peer: string,
    kind: K,
    header: OutgoingHeader<K>,
    tensors: readonly Tensor[] = [],
  ): void {
    this.#socket.send(peer, encodeMessage(kind, header, tensors));
  }
}

function callOptions(item: HeaderOf<"SUBMIT">["items"][number]): CallOptions {
  const { queue_timeout_ms, run_timeout_ms, priority, max_retries } = item.call ?? {};
  return {
    requestId: item.request_id,
    ...(item.ttl_ms === undefined ? {} : { deadlineMs: item.ttl_ms }),
    ...(queue_timeout_ms === undefined ? {} : { queueTimeoutMs: queue_timeout_ms }),
    ...(run_timeout_ms === undefined ? {} : { runTimeoutMs: run_timeout_ms }),
    ...(priority === undefined ? {} : { priority }),
    ...(max_retries === undefined ? {} : { maxRetries: max_retries }),
  };
}

function isQuestion(inputs: ReceivedOp["inputs"]): inputs is Exclude<ReceivedOp["inputs"], TensorInputs> {
  return "image" in inputs && !(inputs.image instanceof Tensor);
}

function asKnown(error: unknown): InstructBlipError {
  if (InstructBlipError.isInstance(error)) return error;
  return new InstructBlipError("INTERNAL", error instanceof Error ? error.message : String(error));
}
