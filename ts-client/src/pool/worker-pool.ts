import { randomInt } from "node:crypto";
import { type ConnectOptions, PoolClient } from "../client/index.ts";
import type {
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
import { InstructBlipError } from "../errors/index.ts";
import { AskingEngine } from "../model/asking-engine.ts";
import { type Message, uuidv7 } from "../protocol/index.ts";
import { findEnvironment, setupEnvironment } from "../python/index.ts";
import { workerFile } from "../python/package-root.ts";
import type { SchedulerEffect } from "../scheduler/index.ts";
import { AssetsStore } from "./assets-store.ts";
import { type BatchItem, submitMessages } from "./batch-message.ts";
import { type Deployment, resolveDeployment, serves } from "./deployment.ts";
import { EventHub } from "./event-hub.ts";
import type { Launcher } from "./launcher/launcher.ts";
import { LocalLauncher } from "./launcher/local-launcher.ts";
import { modelInfo } from "./model-info.ts";
import { type ResolvedPoolOptions, resolvePoolOptions, type WorkerPoolOptions } from "./options.ts";
import { errorOf, resultOf } from "./outcome.ts";
import { describeRequest, monotonic, type RequestEntry } from "./request-entry.ts";
import { SchedulerShell } from "./scheduler-shell.ts";
import { type Death, deathError } from "./supervisor/death.ts";
import type { WorkerPlace } from "./supervisor/worker-place.ts";
import { WorkerSet } from "./worker-set.ts";

interface Served {
  readonly deployment: Deployment;
  info: ModelInfo | undefined;
  /** Why no worker comes, when all its places gave up. */
  trouble: InstructBlipError | undefined;
}

/**
 * A pool of Python workers that this process starts, feeds and supervises.
 *
 * @example
 * await using pool = await WorkerPool.start({ model: "tiny-shapes-t5", workers: 2 });
 * const { text } = await pool.ask({ image: await loadImage("photo.jpg"), prompt: "What color is the circle?" });
 */
export class WorkerPool extends AskingEngine {
  readonly #options: ResolvedPoolOptions;
  readonly #events: EventHub;
  readonly #scheduler: SchedulerShell;
  readonly #workers: WorkerSet;
  readonly #assets = new AssetsStore();
  readonly #served = new Map<string, Served>();
  readonly #entries = new Map<string, RequestEntry>();
  readonly #startedAt = monotonic();
  #retired = { restarts: 0 };
  #changed: (() => void)[] = [];
  #drained: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  private constructor(options: ResolvedPoolOptions, launcher: Launcher) {
    super();
    this.#options = options;
    this.#events = new EventHub(options.logger);
    this.#scheduler = new SchedulerShell(options.policy, randomInt(2 ** 32 - 1), (effect) =>
      this.#perform(effect),
    );
    this.#workers = new WorkerSet(options, launcher, {
      onSpawned: (place, pid) => this.#events.emit("workerSpawned", { ...named(place), pid }),
      onProgress: (place, { stage, fraction, file }) => {
        this.#events.emit("workerLoading", { ...named(place), stage, fraction, file });
      },
      onReady: (place, ready) => this.#onReady(place, ready),
      onAccepting: ({ workerId }, accepting) => {
        this.#scheduler.handle({ type: "workerAccepting", workerId, accepting });
      },
      onLost: (place, death, wasReady) => this.#onLost(place, death, wasReady),
      onFailed: (place, death, retryAfterMs) => this.#onFailed(place, death, retryAfterMs),
      onMessage: (place, message) => this.#onMessage(place, message),
    });
  }

  /**
   * Starts workers and resolves when the first of every deployment is ready (see `ready`).
   *
   * @throws ENVIRONMENT_MISSING when the Python environment is not set up; MODEL_NOT_FOUND, MODEL_LOAD_FAILED or
   * CONFIG_INVALID when the model cannot be served; INVALID_ARGUMENT for a wrong option
   */
  static async start(options: WorkerPoolOptions = {}): Promise<WorkerPool> {
    const resolved = resolvePoolOptions(options);
    const python = resolved.python ?? (await environmentPython(resolved));
    const launcher = new LocalLauncher({ python, server: workerFile("server.py"), logger: resolved.logger });
    const pool = new WorkerPool(resolved, launcher);
    try {
      await pool.#open();
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  /**
   * Connects to a pool that another process runs, such as `npx instructblip-workers start`.
   *
   * @example
   * await using pool = await WorkerPool.connect(); // the daemon called "default"
   * @throws POOL_UNAVAILABLE when there is none
   */
  static connect(options: ConnectOptions = {}): Promise<PoolClient> {
    return PoolClient.connect(options);
  }

  /** Random per pool: 16 hexadecimal digits. */
  get epoch(): string {
    return this.#workers.poolEpoch;
  }

  submit<K extends Op>(request: Request<K>, options: CallOptions = {}): Submission<K> {
    const requestId = options.requestId ?? uuidv7();
    const submission = new PendingSubmission(requestId, {
      onCancel: (reason) => this.#cancel(requestId, reason),
      onConsumed: (chunks) => this.#giveCredit(requestId, chunks),
    });
    try {
      this.#admit(request as Request<"generate">, options, submission);
    } catch (error) {
      submission.reject(error);
    }
    return submission as unknown as Submission<K>;
  }

  /**
   * Resolves when the first worker of every deployment is ready, or all of them.
   *
   * @throws why a deployment cannot be served
   */
  async untilReady(which: "first" | "all" = "first"): Promise<void> {
    await Promise.all([...this.#served.keys()].map((modelId) => this.#untilServed(modelId)));
    if (which === "first") return;
    await this.#until(() => this.#workers.places.every((place) => place.isReady || place.isFailed));
  }

  async models(): Promise<ModelInfo[]> {
    return [...this.#served.values()].flatMap(({ info }) => (info === undefined ? [] : [info]));
  }

  async assets(modelId?: string): Promise<ProcessorAssets> {
    const id = this.#modelId(modelId);
    await this.#untilServed(id);
    const hash = this.#served.get(id)?.info?.assetsHash;
    if (hash === undefined) throw this.#notFound(id);
    return this.#assets.get(hash, (askId) => {
      const place = this.#workers.places.find((each) => each.deployment.modelId === id && each.isReady);
      if (place === undefined) return;
      this.#workers.send(place.workerId, "data", "ASSETS", { id: askId, model_id: id });
    });
  }

  async load(spec: DeploymentSpec): Promise<ModelInfo> {
    const deployment = resolveDeployment(spec);
    for (const served of this.#served.values()) {
      if (!serves(served.deployment, deployment)) continue;
      await this.#untilServed(served.deployment.modelId);
      if (served.info !== undefined) return served.info;
    }
    if (this.#served.has(deployment.modelId)) {
      throw new InstructBlipError(
        "INVALID_ARGUMENT",
        `Another deployment is called "${deployment.modelId}". Give this one its own \`modelId\`.`,
        { path: "modelId" },
      );
    }
    this.#deploy(deployment);
    await this.#untilServed(deployment.modelId);
    const info = this.#served.get(deployment.modelId)?.info;
    if (info === undefined) throw this.#notFound(deployment.modelId);
    return info;
  }

  async unload(modelId: string): Promise<void> {
    const id = this.#modelId(modelId);
    this.#served.delete(id);
    this.#scheduler.handle({ type: "modelRemoved", modelId: id });
    await Promise.all(
      [...this.#entries.values()]
        .filter((entry) => entry.modelId === id)
        .map(({ submission }) => settled(submission)),
    );
    await this.#workers.remove(id);
  }

  async stats(): Promise<PoolStats> {
    const { state } = this.#scheduler;
    const { waiting, waitingBytes, counts } = state;
    let oldest = 0;
    for (const request of state.requests.values()) {
      if (request.phase !== "running") oldest = Math.max(oldest, monotonic() - request.arrivedAt);
    }
    const workers = this.#workers.places.map((place) => {
      return place.stats(state.workers.get(place.workerId)?.running.size ?? 0);
    });
    return {
      poolEpoch: this.#workers.poolEpoch,
      uptimeMs: monotonic() - this.#startedAt,
      workers,
      queue: { requests: waiting, bytes: waitingBytes, oldestMs: oldest },
      clients: 0,
      counts: {
        ...counts,
        restarts: workers.reduce((sum, { restarts }) => sum + restarts, this.#retired.restarts),
      },
    };
  }

  on<N extends EngineEventName>(event: N, listener: EngineListener<N>): Disposable {
    return this.#events.on(event, listener);
  }

  async drain({ graceMs = 30_000 }: DrainOptions = {}): Promise<void> {
    this.#events.emit("draining", { inFlight: this.#entries.size });
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#drained.push(resolve);
      timer = setTimeout(resolve, graceMs);
      this.#scheduler.handle({ type: "drain" });
    });
    clearTimeout(timer);
  }

  close({ graceMs = 0 }: DrainOptions = {}): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #open(): Promise<void> {
    await this.#workers.open();
    const { deployments, ready } = this.#options;
    for (const deployment of deployments) this.#deploy(deployment);
    if (ready !== "none") await this.untilReady(ready);
  }

  async #close(graceMs: number): Promise<void> {
    if (graceMs > 0) await this.drain({ graceMs });
    this.#scheduler.handle({ type: "close" });
    this.#scheduler.stop();
    this.#assets.close();
    await this.#workers.close();
    this.#served.clear();
    this.#change();
    this.#events.emit("closed", {});
  }

  #deploy(deployment: Deployment): void {
    const { modelId } = deployment;
    this.#served.set(modelId, { deployment, info: undefined, trouble: undefined });
    this.#scheduler.handle({ type: "modelAdded", modelId });
    this.#workers.add(deployment);
  }

  #admit(request: Request<"generate">, options: CallOptions, submission: PendingSubmission): void {
    const { requestId } = submission;
    if (this.#entries.has(requestId)) {
      throw new InstructBlipError(
        "INVALID_ARGUMENT",
        `A request with the id ${requestId} is already under way.`,
        {
          path: "requestId",
        },
      );
    }
    const modelId = this.#modelId(request.modelId);
    const now = monotonic();
    const description = describeRequest(request, options, requestId, modelId, now);
    const entry: RequestEntry = {
      request,
      modelId,
      submission,
      deadlineAt: description.deadlineAt,
      submittedAt: now,
      abort: new AbortController(),
      inputs: undefined,
      prepareMs: 0,
      delivered: [],
      cancelReason: undefined,
      release: () => {},
    };
    entry.release = onAbort(options.signal, (reason) => this.#cancel(requestId, reason));
    this.#entries.set(requestId, entry);
    this.#scheduler.handle({ type: "submit", request: description });
  }

  #cancel(requestId: string, reason: unknown): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    entry.cancelReason = reason;
    this.#scheduler.handle({ type: "cancel", requestId });
  }

  #giveCredit(requestId: string, chunks: number): void {
    const request = this.#scheduler.state.requests.get(requestId);
    if (request?.workerId === undefined) return;
    const { workerId, attempt } = request;
    this.#workers.send(workerId, "control", "CREDIT", { request_id: requestId, attempt, chunks });
  }

  #perform(effect: SchedulerEffect): void {
    switch (effect.type) {
      case "prepare":
        void this.#prepare(effect.requestId);
        return;
      case "dispatch":
        return this.#dispatch(effect);
      case "cancelAttempt": {
        const { workerId, requestId, attempt, reason } = effect;
        this.#workers.send(workerId, "control", "CANCEL", { request_id: requestId, attempt, reason });
        return;
      }
      case "deliver": {
        const entry = this.#entries.get(effect.requestId);
        entry?.delivered.push(...effect.tokens);
        entry?.submission.deliver(effect.tokens);
        return;
      }
      case "settle":
        return this.#settle(effect);
      case "recycle":
        this.#workers.byWorkerId(effect.workerId)?.kill("PROTOCOL", effect.reason);
        return;
      case "retried": {
        const { attempt, workerId, code } = effect.failure;
        return this.#events.emit("requestRetried", { requestId: effect.requestId, attempt, workerId, code });
      }
      case "overloaded": {
        const { queued, retryAfterMs } = effect;
        return this.#events.emit("overloaded", { queued, retryAfterMs });
      }
      case "drained":
        for (const resolve of this.#drained.splice(0)) resolve();
    }
  }

  async #prepare(requestId: string): Promise<void> {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    const began = monotonic();
    try {
      entry.inputs = await entry.request.prepare(entry.abort.signal);
      entry.prepareMs = monotonic() - began;
      const { image, inputIds, qformerInputIds } = entry.inputs;
      const bytes = image.tensor.bytes().byteLength + inputIds.byteLength + qformerInputIds.byteLength;
      this.#scheduler.handle({ type: "prepared", requestId, bytes });
    } catch (failure) {
      this.#scheduler.handle({ type: "prepareFailed", requestId, failure });
    }
  }

  #dispatch({ workerId, epoch, items }: Extract<SchedulerEffect, { type: "dispatch" }>): void {
    const place = this.#workers.byWorkerId(workerId);
    if (place === undefined) return;
    const batch: BatchItem[] = [];
    for (const { requestId, attempt } of items) {
      const entry = this.#entries.get(requestId);
      if (entry !== undefined) batch.push({ requestId, attempt, entry });
    }
    const known = this.#workers.picturesOf(place);
    for (const { header, tensors } of submitMessages(
      batch,
      epoch,
      place.deployment.modelId,
      known,
      monotonic(),
    )) {
      this.#workers.send(workerId, "data", "SUBMIT", header, tensors);
    }
  }

  #settle({ requestId, outcome }: Extract<SchedulerEffect, { type: "settle" }>): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    this.#entries.delete(requestId);
    entry.release();
    if (outcome.ok) {
      try {
        entry.submission.resolve(resultOf(entry, outcome, requestId));
      } catch (error) {
        entry.submission.reject(error);
      }
      return;
    }
    const error = errorOf(entry, outcome, requestId);
    entry.abort.abort(error);
    this.#events.emit("requestFailed", { requestId, code: error.code });
    entry.submission.reject(error);
  }

  #onReady(place: WorkerPlace, ready: Extract<Message, { kind: "READY" }>["header"]): void {
    const served = this.#served.get(place.deployment.modelId);
    if (served === undefined) return;
    served.info = modelInfo(place.deployment, ready);
    served.trouble = undefined;
    this.#scheduler.handle({
      type: "workerReady",
      workerId: place.workerId,
      modelId: place.deployment.modelId,
      epoch: place.epoch,
      slots: ready.slots,
    });
    for (const warning of ready.warnings)
      this.#options.logger.warn(`${place.deployment.modelId}: ${warning}`);
    this.#events.emit("workerReady", { ...named(place), loadMs: ready.load_ms, warnings: ready.warnings });
    this.#change();
  }

  #onLost(place: WorkerPlace, death: Death, wasReady: boolean): void {
    const { workerId, epoch } = place;
    const inFlight = this.#scheduler.state.workers.get(workerId)?.running.size ?? 0;
    if (wasReady) {
      this.#scheduler.handle({
        type: "workerLost",
        workerId,
        epoch,
        code: death.code,
        message: death.message,
      });
    }
    if (this.#closing !== undefined) return;
    this.#options.logger.warn(`${workerId} is gone: ${death.message}`);
    this.#events.emit("workerLost", { ...named(place), reason: death.message, inFlight });
  }

  #onFailed(place: WorkerPlace, death: Death, retryAfterMs: number | undefined): void {
    const { modelId } = place.deployment;
    this.#options.logger.error(`${place.name} gave up: ${death.message}`);
    this.#events.emit("workerFailed", { ...named(place), reason: death.message });
    const places = this.#workers.places.filter((each) => each.deployment.modelId === modelId);
    if (places.every((each) => each.isFailed)) {
      const served = this.#served.get(modelId);
      if (served !== undefined) served.trouble = deathError(death, retryAfterMs);
      const { code, message } = death;
      this.#scheduler.handle({ type: "modelFailed", modelId, code, message, retryAfterMs });
    }
    this.#change();
  }

  #onMessage(place: WorkerPlace, message: Message): void {
    const { workerId } = place;
    if ("worker_epoch" in message.header && message.header.worker_epoch !== place.epoch) {
      // Its sockets are its own, so it cannot be an earlier worker that speaks.
      return place.kill("PROTOCOL", "it spoke for another epoch than its own");
    }
    switch (message.kind) {
      case "CHUNK":
        for (const { request_id, attempt, seq, tokens } of message.header.chunks) {
          const epoch = message.header.worker_epoch ?? 0;
          this.#scheduler.handle({
            type: "chunk",
            workerId,
            epoch,
            requestId: request_id,
            attempt,
            seq,
            tokens,
          });
        }
        return;
      case "RESULT": {
        const { header, tensors } = message;
        const { request_id: requestId, attempt, chunks, worker_epoch: epoch = 0 } = header;
        place.completed += 1;
        return this.#scheduler.handle({
          type: "result",
          workerId,
          epoch,
          requestId,
          attempt,
          chunks,
          payload: { header, tensors },
        });
      }
      case "ERROR": {
        const {
          request_id: requestId,
          attempt,
          code,
          message: text,
          path,
          worker_epoch: epoch = 0,
        } = message.header;
        if (requestId === undefined || attempt === undefined) return;
        return this.#scheduler.handle({
          type: "error",
          workerId,
          epoch,
          requestId,
          attempt,
          code,
          message: text,
          path,
        });
      }
      case "NEED":
        return this.#putPictures(workerId, message.header.hashes);
      case "ASSETS_REPLY":
        return this.#assets.onReply(message);
      case "ACCEPT":
        return;
      default:
        place.kill("PROTOCOL", `it sent ${message.kind}, which workers do not send`);
    }
  }

  /** Sends pictures that a worker was believed to have. */
  #putPictures(workerId: string, hashes: readonly string[]): void {
    for (const { inputs } of this.#entries.values()) {
      const image = inputs?.image;
      if (image === undefined || !hashes.includes(image.hash)) continue;
      this.#workers.send(workerId, "data", "PUT", { hash: image.hash, tensor: 0 }, [image.tensor]);
      hashes = hashes.filter((hash) => hash !== image.hash);
      if (hashes.length === 0) return;
    }
  }

  /** The model a request means: the only one, when it names none. */
  #modelId(modelId: string | undefined): string {
    if (this.#closing !== undefined) throw new InstructBlipError("POOL_CLOSED", "The pool is closed.");
    if (modelId !== undefined) {
      if (this.#served.has(modelId)) return modelId;
      throw this.#notFound(modelId);
    }
    const [only, another] = this.#served.keys();
    if (only !== undefined && another === undefined) return only;
    throw new InstructBlipError(
      "INVALID_ARGUMENT",
      `\`modelId\` must name one of the models served here: ${[...this.#served.keys()].join(", ") || "none"}.`,
      { path: "modelId" },
    );
  }

  #notFound(modelId: string): InstructBlipError {
    const known = [...this.#served.keys()].join(", ") || "none";
    return new InstructBlipError(
      "MODEL_NOT_FOUND",
      `No model is called "${modelId}" here. Known models: ${known}.`,
      { path: "modelId" },
    );
  }

  /** Waits until a worker of the model was ready once. @throws why none will be */
  async #untilServed(modelId: string): Promise<void> {
    await this.#until(() => {
      const served = this.#served.get(modelId);
      if (this.#closing !== undefined) throw new InstructBlipError("POOL_CLOSED", "The pool was closed.");
      if (served === undefined) throw this.#notFound(modelId);
      if (served.info !== undefined) return true;
      if (served.trouble !== undefined) throw served.trouble;
      return false;
    });
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #change(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

function named(place: WorkerPlace): { workerId: string; modelId: string } {
  return { workerId: place.workerId, modelId: place.deployment.modelId };
}

async function settled(submission: PromiseLike<unknown>): Promise<void> {
  try {
    await submission;
  } catch {
    // Its caller is told.
  }
}

async function environmentPython(options: ResolvedPoolOptions): Promise<string> {
  if (!options.setup) return (await findEnvironment()).python;
  return (await setupEnvironment({ onProgress: ({ message }) => options.logger.info(message) })).python;
}
