import { randomInt } from "node:crypto";
import { type ConnectOptions, PoolClient } from "../client/index.ts";
import type {
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
import { InstructBlipError, invalidArgument, isErrorCode } from "../errors/index.ts";
import { AskingEngine } from "../model/asking-engine.ts";
import type { HeaderOf, Message } from "../protocol/index.ts";
import { findEnvironment, setupEnvironment } from "../python/index.ts";
import { workerFile } from "../python/package-root.ts";
import type { SchedulerEffect } from "../scheduler/index.ts";
import { AssetsStore } from "./assets-store.ts";
import { type Deployment, resolveDeployment } from "./deployment.ts";
import { EventHub } from "./event-hub.ts";
import type { Launcher } from "./launcher/launcher.ts";
import { LocalLauncher } from "./launcher/local-launcher.ts";
import { LoadFollowers, loadProgress } from "./load-progress.ts";
import { modelInfo } from "./model-info.ts";
import { type ResolvedPoolOptions, resolvePoolOptions, type WorkerPoolOptions } from "./options.ts";
import { RequestDesk } from "./request-desk.ts";
import { monotonic } from "./request-entry.ts";
import { requestEvents } from "./request-events.ts";
import { LONGEST_TIMER_MS, SchedulerShell } from "./scheduler-shell.ts";
import { ServedModels } from "./served-models.ts";
import type { Death } from "./supervisor/death.ts";
import type { WorkerPlace } from "./supervisor/worker-place.ts";
import { WorkerSet } from "./worker-set.ts";

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
  readonly #followers: LoadFollowers;
  readonly #scheduler: SchedulerShell;
  readonly #workers: WorkerSet;
  readonly #assets = new AssetsStore();
  readonly #models = new ServedModels();
  readonly #desk: RequestDesk;
  readonly #startedAt = monotonic();
  /** Restarts of places that are no more. */
  #retiredRestarts = 0;
  #drained: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  private constructor(options: ResolvedPoolOptions, launcher: Launcher) {
    super();
    this.#options = options;
    this.#events = new EventHub(options.logger);
    this.#followers = new LoadFollowers(this.#events);
    this.#scheduler = new SchedulerShell(options.policy, randomInt(2 ** 32 - 1), {
      onEffect: (effect) => this.#perform(effect),
      onFault: (error) => options.logger.error(`the scheduler's shell failed: ${stackOf(error)}`),
    });
    this.#workers = new WorkerSet(options, launcher, {
      onSpawned: (place, pid) => this.#events.emit("workerSpawned", { ...named(place), pid }),
      onProgress: (place, progress) => {
        this.#events.emit("workerLoading", { ...named(place), ...loadProgress(progress) });
      },
      onReady: (place, ready) => this.#onReady(place, ready),
      onAccepting: ({ workerId }, accepting) => {
        this.#scheduler.handle({ type: "workerAccepting", workerId, accepting });
      },
      onLost: (place, death, wasReady) => this.#onLost(place, death, wasReady),
      onFailed: (place, trouble) => this.#onFailed(place, trouble),
      onMessage: (place, message) => this.#onMessage(place, message),
    });
    this.#desk = new RequestDesk(this.#scheduler, this.#workers, this.#events);
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
    const submission = this.#desk.submit(request as AnyRequest, options, () => {
      this.#assertOpen();
      return this.#models.resolve(request.modelId);
    });
    return submission as Submission<K>;
  }

  /**
   * Resolves when the first worker of every deployment is ready, or all of them.
   *
   * @throws why a deployment cannot be served, or for "all" why one of its workers cannot
   */
  async untilReady(which: "first" | "all" = "first"): Promise<void> {
    await Promise.all(this.#models.ids.map((modelId) => this.#models.untilServed(modelId)));
    if (which === "first") return;
    await this.#models.until(() =>
      this.#workers.places.every(({ isReady, trouble }) => {
        if (trouble !== undefined) throw trouble;
        return isReady;
      }),
    );
  }

  async models(): Promise<ModelInfo[]> {
    return this.#models.infos;
  }

  async assets(modelId?: string): Promise<ProcessorAssets> {
    const { assetsHash } = await this.#models.untilServed(this.#models.resolve(modelId));
    return this.#assets.get(assetsHash, (id) => {
      const place = this.#workers.places.find(({ isReady, deployment }) => {
        return isReady && this.#models.get(deployment.modelId)?.info?.assetsHash === assetsHash;
      });
      if (place === undefined) return;
      this.#workers.send(place.workerId, "data", "ASSETS", { id, model_id: place.deployment.modelId });
    });
  }

  async load(spec: DeploymentSpec): Promise<ModelInfo> {
    this.#assertOpen();
    const deployment = resolveDeployment(spec, "deployment");
    const equivalent = this.#models.equivalent(deployment, spec.modelId);
    if (equivalent !== undefined) {
      const served = this.#models.untilServed(equivalent);
      return this.#followers.during(equivalent, deployment.progressCallback, served);
    }
    this.#deploy(deployment);
    try {
      return await this.#models.untilServed(deployment.modelId);
    } catch (error) {
      // Not kept: the name must be free for another try.
      if (this.#models.get(deployment.modelId)?.deployment === deployment)
        await this.unload(deployment.modelId);
      throw error;
    }
  }

  async unload(modelId: string): Promise<void> {
    const id = this.#models.resolve(modelId);
    const leaving = this.#workers.placesOf(id);
    this.#models.remove(id);
    this.#followers.drop(id);
    this.#scheduler.handle({ type: "modelRemoved", modelId: id });
    await this.#desk.untilSettled(id);
    await this.#workers.remove(leaving);
    this.#retiredRestarts += leaving.reduce((sum, { restarts }) => sum + restarts, 0);
    this.#models.changed();
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
        restarts: workers.reduce((sum, { restarts }) => sum + restarts, this.#retiredRestarts),
      },
    };
  }

  on<N extends EngineEventName>(event: N, listener: EngineListener<N>): Disposable {
    return this.#events.on(event, listener);
  }

  async drain({ graceMs = 30_000 }: DrainOptions = {}): Promise<void> {
    checkGrace(graceMs);
    if (this.#scheduler.state.mode === "closed") return;
    this.#events.emit("draining", { inFlight: this.#desk.size });
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#drained.push(resolve);
      timer = setTimeout(resolve, Math.min(graceMs, LONGEST_TIMER_MS));
      this.#scheduler.handle({ type: "drain" });
    });
    clearTimeout(timer);
  }

  async close({ graceMs = 0 }: DrainOptions = {}): Promise<void> {
    checkGrace(graceMs);
    this.#closing ??= this.#close(graceMs);
    await this.#closing;
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
    this.#onDrained();
    this.#assets.close();
    this.#models.close();
    await this.#workers.close();
    this.#events.emit("closed", {});
  }

  #deploy(deployment: Deployment): void {
    this.#models.add(deployment);
    this.#followers.add(deployment);
    this.#scheduler.handle({ type: "modelAdded", modelId: deployment.modelId });
    this.#workers.add(deployment);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new InstructBlipError("POOL_CLOSED", "The pool is closed.");
  }

  #perform(effect: SchedulerEffect): void {
    switch (effect.type) {
      case "recycle": {
        const { workerId, code, reason } = effect;
        return this.#workers.byWorkerId(workerId)?.kill(isErrorCode(code) ? code : "PROTOCOL", reason);
      }
      case "drained":
        return this.#onDrained();
      default:
        return this.#desk.perform(effect);
    }
  }

  #onDrained(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #onReady(place: WorkerPlace, ready: HeaderOf<"READY">): void {
    const { workerId, epoch, deployment } = place;
    const { modelId } = deployment;
    const served = this.#models.get(modelId);
    // It may be on its way out, and another deployment have its name.
    if (served?.deployment !== deployment) return;
    served.info = modelInfo(deployment, ready);
    served.trouble = undefined;
    this.#scheduler.handle({ type: "workerReady", workerId, modelId, epoch, slots: ready.slots });
    for (const warning of ready.warnings) this.#options.logger.warn(`${modelId}: ${warning}`);
    this.#events.emit("workerReady", { ...named(place), loadMs: ready.load_ms, warnings: ready.warnings });
    this.#assets.askAgain();
    this.#models.changed();
  }

  #onLost(place: WorkerPlace, { code, message }: Death, wasReady: boolean): void {
    const { workerId, epoch } = place;
    const inFlight = this.#scheduler.state.workers.get(workerId)?.running.size ?? 0;
    if (wasReady) this.#scheduler.handle({ type: "workerLost", workerId, epoch, code, message });
    if (place.isStopping) return;
    this.#options.logger.warn(`${workerId} is gone: ${message}`);
    this.#events.emit("workerLost", { ...named(place), reason: message, inFlight });
    this.#assets.askAgain();
  }

  #onFailed(place: WorkerPlace, trouble: InstructBlipError): void {
    const { modelId } = place.deployment;
    const { code, message, retryAfterMs } = trouble;
    this.#options.logger.error(`${place.name} gave up: ${message}`);
    this.#events.emit("workerFailed", { ...named(place), reason: message });
    const served = this.#models.get(modelId);
    const places = this.#workers.places.filter((each) => each.deployment === place.deployment);
    if (served?.deployment === place.deployment && places.every((each) => each.trouble !== undefined)) {
      served.trouble = trouble;
      this.#scheduler.handle({ type: "modelFailed", modelId, code, message, retryAfterMs });
    }
    this.#models.changed();
  }

  #onMessage(place: WorkerPlace, message: Message): void {
    const { header } = message;
    if ("worker_epoch" in header && header.worker_epoch !== place.epoch) {
      // Its sockets are its own, so it cannot be an earlier worker that speaks.
      return place.kill("PROTOCOL", "it spoke for another epoch than its own");
    }
    if (message.kind === "NEED") return this.#desk.sendPictures(place.workerId, message.header.hashes);
    if (message.kind === "ASSETS_REPLY") return this.#assets.onReply(message);
    try {
      if (message.kind === "PART") return this.#desk.onPart(place.workerId, message);
      const large = message.kind === "RESULT" ? this.#desk.largeOutputs(place.workerId, message) : {};
      const events = requestEvents(place.workerId, message, large);
      if (events === undefined) throw new Error(`it sent ${message.kind}, which workers do not send`);
      for (const event of events) this.#scheduler.handle(event);
    } catch (error) {
      place.kill("PROTOCOL", error instanceof Error ? error.message : String(error));
    }
  }
}

function named(place: WorkerPlace): { workerId: string; modelId: string } {
  return { workerId: place.workerId, modelId: place.deployment.modelId };
}

function checkGrace(graceMs: number): void {
  if (!(graceMs >= 0)) throw invalidArgument("graceMs", "a duration in milliseconds, 0 or more", graceMs);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

async function environmentPython(options: ResolvedPoolOptions): Promise<string> {
  if (!options.setup) return (await findEnvironment()).python;
  return (await setupEnvironment({ onProgress: ({ message }) => options.logger.info(message) })).python;
}
