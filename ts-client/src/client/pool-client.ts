import { randomUUID } from "node:crypto";
import { checkCall } from "../engine/check-call.ts";
import { checkInputs } from "../engine/check-inputs.ts";
import { checkRequest } from "../engine/check-request.ts";
import { imageOf } from "../engine/image-of.ts";
import type {
  AnyInputs,
  AnyRequest,
  CallOptions,
  DeploymentSpec,
  DrainOptions,
  EngineEventName,
  EngineListener,
  ModelInfo,
  Op,
  PoolStats,
  ProcessorAssets,
  Request,
  Submission,
} from "../engine/index.ts";
import { onAbort, PendingSubmission } from "../engine/index.ts";
import { type ErrorCode, InstructBlipError } from "../errors/index.ts";
import { AskingEngine } from "../model/asking-engine.ts";
import { type HeaderOf, type Message, type MessageOf, PartAssembly, uuidv7 } from "../protocol/index.ts";
import { Connection } from "./connection.ts";
import { type ConnectOptions, findDaemon } from "./find-daemon.ts";
import { followLoad } from "./follow-load.ts";
import type { Pending } from "./pending.ts";
import { errorOf, resultOf, submitItem } from "./wire.ts";

interface Asked {
  readonly resolve: (message: MessageOf<"ADMIN_REPLY"> | MessageOf<"ASSETS_REPLY">) => void;
  readonly reject: (error: Error) => void;
}

/** The daemon settles a request at its deadline; this much later the client does it alone. @unit milliseconds */
const GRACE_MS = 2000;
const DEFAULT_DEADLINE_MS = 600_000;
/** Longest a timer of Node can wait. @unit milliseconds */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Of an ADMIN's arguments, well within its header. @unit bytes */
const LARGEST_ARGS = 32_000;

/** A pool that another process runs, used as if it were here. Made by `WorkerPool.connect`. */
export class PoolClient extends AskingEngine {
  readonly #options: ConnectOptions;
  readonly #id = randomUUID();
  readonly #pending = new Map<string, Pending>();
  readonly #asked = new Map<number, Asked>();
  readonly #assets = new Map<string, Promise<ProcessorAssets>>();
  #connection: Promise<Connection> | undefined;
  #nextId = 1;
  #closed = false;

  private constructor(options: ConnectOptions) {
    super();
    this.#options = options;
  }

  /** Connects to a daemon. @throws POOL_UNAVAILABLE, UNAUTHENTICATED, VERSION_MISMATCH */
  static async connect(options: ConnectOptions = {}): Promise<PoolClient> {
    const client = new PoolClient(options);
    await client.#connected();
    return client;
  }

  submit<K extends Op>(request: Request<K>, options: CallOptions = {}): Submission<K> {
    const requestId = options.requestId ?? uuidv7();
    const submission = new PendingSubmission(requestId, {
      onCancel: (reason) => this.#cancel(requestId, reason),
      onConsumed: (chunks) => this.#tell("CREDIT", { request_id: requestId, attempt: 1, chunks }),
    });
    try {
      this.#start(request as AnyRequest, options, submission);
    } catch (error) {
      submission.reject(error);
    }
    return submission as Submission<K>;
  }

  async models(): Promise<ModelInfo[]> {
    return (await this.#ask("models")) as ModelInfo[];
  }

  async stats(): Promise<PoolStats> {
    return (await this.#ask("stats")) as PoolStats;
  }

  async load(deployment: DeploymentSpec): Promise<ModelInfo> {
    // Functions do not travel: the daemon's figures are asked for instead.
    const { progressCallback, ...spec } = deployment;
    const loading = this.#ask("load", spec) as Promise<ModelInfo>;
    return progressCallback === undefined ? loading : followLoad(this, loading, progressCallback);
  }

  async unload(modelId: string): Promise<void> {
    await this.#ask("unload", { modelId });
  }

  async drain(options: DrainOptions = {}): Promise<void> {
    await this.#ask("drain", options);
  }

  /** Asks the daemon to drain and end. */
  async stopDaemon(): Promise<void> {
    await this.#ask("stop");
  }

  assets(modelId?: string): Promise<ProcessorAssets> {
    const key = modelId ?? "";
    const known = this.#assets.get(key);
    if (known !== undefined) return known;
    const assets = this.#fetchAssets(modelId);
    this.#assets.set(key, assets);
    assets.catch(() => this.#assets.delete(key));
    return assets;
  }

  /** A client learns of its own requests only; events of workers are the daemon's. */
  on<N extends EngineEventName>(_event: N, _listener: EngineListener<N>): Disposable {
    throw new InstructBlipError(
      "UNSUPPORTED",
      "Events are told where the pool runs. Ask a client for `stats()` instead.",
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#endAll(new InstructBlipError("POOL_CLOSED", "The client was closed."));
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }

  #start(request: AnyRequest, options: CallOptions, submission: PendingSubmission): void {
    const { requestId } = submission;
    checkCall(options);
    checkRequest(request);
    if (this.#closed) throw new InstructBlipError("POOL_CLOSED", "The client is closed.", { requestId });
    if (this.#pending.has(requestId)) {
      const message = `A request with the id ${requestId} is already under way.`;
      throw new InstructBlipError("INVALID_ARGUMENT", message, { requestId, path: "requestId" });
    }
    const { deadlineMs = DEFAULT_DEADLINE_MS } = options;
    const release = onAbort(options.signal, (reason) => this.#cancel(requestId, reason));
    const patience = Math.min(deadlineMs + GRACE_MS, LONGEST_TIMER_MS);
    const pending: Pending = {
      op: request.op,
      submission,
      submittedAt: performance.now(),
      release,
      abort: new AbortController(),
      inputs: undefined,
      prepareMs: 0,
      sent: false,
      delivered: [],
      parts: new PartAssembly(),
      timer: setTimeout(() => this.#expire(requestId, deadlineMs), patience),
    };
    this.#pending.set(requestId, pending);
    void this.#send(request, { ...options, deadlineMs }, pending);
  }

  /** Prepares a request and sends it; ends it when that fails. */
  async #send(
    request: AnyRequest,
    options: CallOptions & { readonly deadlineMs: number },
    pending: Pending,
  ): Promise<void> {
    const { requestId } = pending.submission;
    const isOver = () => this.#pending.get(requestId) !== pending;
    try {
      const connection = await this.#connected();
      if (isOver()) return;
      const [inputs, modelId] = await Promise.all([
        prepareInputs(request, pending.abort.signal),
        request.modelId ?? this.#onlyModel(),
      ]);
      if (isOver()) return;
      pending.inputs = inputs;
      pending.prepareMs = performance.now() - pending.submittedAt;
      const knows = (hash: string) => connection.knows(hash);
      const { item, tensors } = submitItem(request, options, pending, inputs, knows);
      connection.send("SUBMIT", { model_id: modelId, items: [item] }, tensors);
      pending.sent = true;
    } catch (error) {
      if (!isOver()) this.#fail(requestId, error);
    }
  }

  /** The daemon's only model, for requests that name none. */
  async #onlyModel(): Promise<string> {
    const models = await this.models();
    const [only] = models;
    if (only !== undefined && models.length === 1) return only.modelId;
    throw new InstructBlipError(
      "INVALID_ARGUMENT",
      `\`modelId\` must name one of the models served: ${models.map(({ modelId }) => modelId).join(", ") || "none"}.`,
      { path: "modelId" },
    );
  }

  /** The connection, made anew when the last one was lost: the daemon may have been restarted. */
  #connected(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    const connection = (async () => {
      const address = await findDaemon(this.#options);
      return Connection.open(address, this.#id, this.#options.timeoutMs ?? 5000, {
        onMessage: (message) => this.#onMessage(message),
        onLost: (error) => {
          this.#connection = undefined;
          this.#assets.clear();
          this.#endAll(error);
        },
      });
    })();
    this.#connection = connection;
    connection.catch(() => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    return connection;
  }

  #onMessage(message: Message): void {
    switch (message.kind) {
      case "CHUNK":
        for (const { request_id, tokens, log_probs } of message.header.chunks) {
          const pending = this.#pending.get(request_id);
          pending?.delivered.push(...tokens);
          pending?.submission.deliver(tokens, log_probs);
        }
        return;
      case "PART":
        return this.#onPart(message);
      case "RESULT": {
        const pending = this.#take(message.header.request_id);
        if (pending === undefined) return;
        try {
          return pending.submission.resolve(resultOf(message, pending));
        } catch (error) {
          return pending.submission.reject(error);
        }
      }
      case "ERROR":
        return this.#onError(message.header);
      case "NEED":
        return this.#putPictures(message.header.hashes);
      case "ADMIN_REPLY":
      case "ASSETS_REPLY":
        this.#asked.get(message.header.id)?.resolve(message);
        this.#asked.delete(message.header.id);
        return;
    }
  }

  #onPart(message: MessageOf<"PART">): void {
    const { request_id: requestId, attempt } = message.header;
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    try {
      pending.parts.add(message);
      this.#tell("CREDIT", { request_id: requestId, attempt, chunks: 1 });
    } catch (error) {
      this.#tell("CANCEL", { request_id: requestId, attempt, reason: "PROTOCOL" });
      this.#fail(requestId, error);
    }
  }

  #onError(header: HeaderOf<"ERROR">): void {
    if (header.request_id === undefined) return;
    const pending = this.#take(header.request_id);
    if (pending === undefined) return;
    pending.submission.reject(errorOf(header, pending));
  }

  #putPictures(hashes: readonly string[]): void {
    for (const hash of hashes) {
      for (const { inputs } of this.#pending.values()) {
        const image = imageOf(inputs);
        if (image?.hash !== hash) continue;
        this.#tell("PUT", { hash, tensor: 0 }, [image.tensor]);
        break;
      }
    }
  }

  #cancel(requestId: string, reason: unknown): void {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return;
    if (pending.sent) this.#tell("CANCEL", { request_id: requestId, attempt: 1, reason: "CANCELLED" });
    this.#end(requestId, "CANCELLED", "The request was cancelled.", reason);
  }

  #expire(requestId: string, deadlineMs: number): void {
    if (!this.#pending.has(requestId)) return;
    this.#tell("CANCEL", { request_id: requestId, attempt: 1, reason: "DEADLINE_EXCEEDED" });
    const message = `The deadline of ${deadlineMs} ms passed and the daemon did not answer.`;
    this.#end(requestId, "DEADLINE_EXCEEDED", message);
  }

  /** Ends a request on this side, with what its reader has got so far. */
  #end(requestId: string, code: ErrorCode, message: string, cause?: unknown): void {
    const delivered = this.#pending.get(requestId)?.delivered ?? [];
    const error = new InstructBlipError(code, message, {
      requestId,
      ...(cause === undefined ? {} : { cause }),
      ...(delivered.length === 0 ? {} : { tokens: delivered }),
    });
    this.#fail(requestId, error);
  }

  #fail(requestId: string, error: unknown): void {
    const pending = this.#take(requestId);
    if (pending === undefined) return;
    pending.abort.abort(error);
    pending.submission.reject(error);
  }

  #take(requestId: string): Pending | undefined {
    const pending = this.#pending.get(requestId);
    if (pending === undefined) return undefined;
    this.#pending.delete(requestId);
    clearTimeout(pending.timer);
    pending.release();
    return pending;
  }

  #endAll(error: InstructBlipError): void {
    for (const requestId of [...this.#pending.keys()]) this.#end(requestId, error.code, error.message);
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }

  /** Sends when there is a connection; what concerns a lost one is of no use. */
  #tell: Connection["send"] = (...message) => {
    this.#connection?.then((connection) => connection.send(...message)).catch(() => {});
  };

  async #ask(action: HeaderOf<"ADMIN">["action"], args?: object): Promise<unknown> {
    const text = args === undefined ? undefined : JSON.stringify(args);
    if (text !== undefined && Buffer.byteLength(text) > LARGEST_ARGS) {
      const message = `The arguments of "${action}" take more than ${LARGEST_ARGS} bytes.`;
      throw new InstructBlipError("PAYLOAD_TOO_LARGE", message);
    }
    const connection = await this.#open();
    const reply = await this.#reply((id) => {
      connection.send("ADMIN", { id, action, ...(text === undefined ? {} : { args: text }) });
    });
    if (reply.kind === "ADMIN_REPLY" && reply.header.result !== undefined)
      return JSON.parse(reply.header.result);
    throw refusal(reply);
  }

  async #fetchAssets(modelId: string | undefined): Promise<ProcessorAssets> {
    const connection = await this.#open();
    const reply = await this.#reply((id) => {
      connection.send("ASSETS", { id, ...(modelId === undefined ? {} : { model_id: modelId }) });
    });
    if (reply.kind !== "ASSETS_REPLY") throw refusal(reply);
    const files: Record<string, Uint8Array> = {};
    for (const { path, tensor } of reply.header.files) {
      const bytes = reply.tensors[tensor]?.bytes();
      if (bytes !== undefined) files[path] = Uint8Array.from(bytes);
    }
    return { hash: reply.header.hash, files };
  }

  async #open(): Promise<Connection> {
    if (this.#closed) throw new InstructBlipError("POOL_CLOSED", "The client is closed.");
    return this.#connected();
  }

  #reply(send: (id: number) => void): Promise<MessageOf<"ADMIN_REPLY"> | MessageOf<"ASSETS_REPLY">> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      send(id);
      this.#asked.set(id, { resolve, reject });
    });
  }
}

function refusal(reply: MessageOf<"ADMIN_REPLY"> | MessageOf<"ASSETS_REPLY">): InstructBlipError {
  const { code = "PROTOCOL", message = "The daemon gave no answer." } =
    reply.header as HeaderOf<"ADMIN_REPLY">;
  return new InstructBlipError(code, message);
}

async function prepareInputs(request: AnyRequest, signal: AbortSignal): Promise<AnyInputs> {
  try {
    const inputs = await request.prepare(signal);
    checkInputs(request.op, inputs);
    return inputs;
  } catch (error) {
    if (InstructBlipError.isInstance(error)) throw error;
    throw new InstructBlipError("INVALID_ARGUMENT", "The inputs could not be prepared.", { cause: error });
  }
}
