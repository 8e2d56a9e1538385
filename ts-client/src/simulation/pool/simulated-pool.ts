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
} from "../../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../../errors/index.ts";
import { AskingEngine } from "../../model/asking-engine.ts";
import { type Deployment, resolveDeployment } from "../../pool/deployment.ts";
import { EventHub } from "../../pool/event-hub.ts";
import { createLogger } from "../../pool/logger.ts";
import { DEFAULT_MODEL } from "../../pool/model-source.ts";
import { ServedModels } from "../../pool/served-models.ts";
import type { SchedulerEffect } from "../../scheduler/index.ts";
import { Chance } from "../world/chance.ts";
import { checkDuration, checkOptions, type SimulatedPoolOptions } from "./options.ts";
import { RequestDesk } from "./request-desk.ts";
import { SchedulerDriver } from "./scheduler-driver.ts";
import { ScriptedPlace } from "./scripted-place.ts";
import { SimulatedClock } from "./simulated-clock.ts";
import { readModel, type SimulatedModel } from "./simulated-model.ts";

/**
 * A pool without Python, for the tests of programs that use one: workers do what a script says, on a virtual
 * clock. Queue, batches, retries, deadlines and errors are those of a {@link WorkerPool}: it is the same scheduler.
 *
 * Pictures and prompts are prepared by the real processor; the answer's text comes from the script.
 *
 * @example
 * await using pool = await SimulatedPool.start({
 *   workers: 2,
 *   script: ({ attempt, prompt }) => {
 *     if (attempt === 1) return { failure: "crash" };
 *     return { text: prompt.includes("color") ? "red" : "a circle", latencyMs: 60_000 };
 *   },
 * });
 * // At once, though a minute passes on the pool's clock.
 * const answer = await pool.ask({ image, prompt: "What color is it?" });
 * console.log(answer.text, answer.attempts, pool.now > 60_000); // red 2 true
 */
export class SimulatedPool extends AskingEngine {
  readonly #options: SimulatedPoolOptions;
  readonly #clock: SimulatedClock;
  readonly #chance: Chance;
  readonly #scheduler: SchedulerDriver;
  readonly #events = new EventHub(createLogger(undefined));
  readonly #models = new ServedModels();
  readonly #read = new Map<string, SimulatedModel>();
  readonly #places = new Map<string, ScriptedPlace>();
  readonly #desk: RequestDesk;
  #names = 0;
  #drained: (() => void)[] = [];
  #closing = false;

  private constructor(options: SimulatedPoolOptions) {
    super();
    const { seed = 1, clock = "virtual", maxQueue, maxQueueBytes } = options;
    this.#options = options;
    this.#clock = new SimulatedClock(clock);
    this.#chance = new Chance(seed);
    const policy = {
      ...(maxQueue === undefined ? {} : { maxQueueRequests: maxQueue }),
      ...(maxQueueBytes === undefined ? {} : { maxQueueBytes }),
    };
    this.#scheduler = new SchedulerDriver(policy, seed, this.#clock, (effect) => this.#perform(effect));
    this.#desk = new RequestDesk(this.#clock, this.#scheduler, this.#events);
  }

  /** @throws MODEL_NOT_FOUND, CONFIG_INVALID for a model that cannot be read; INVALID_ARGUMENT for a wrong option */
  static async start(options: SimulatedPoolOptions = {}): Promise<SimulatedPool> {
    checkOptions(options);
    const { model = DEFAULT_MODEL, workers, slots } = options;
    const pool = new SimulatedPool(options);
    await pool.load({
      ...(workers === undefined ? {} : { workers }),
      ...(slots === undefined ? {} : { slots }),
      ...(typeof model === "string" ? { source: model } : model),
    });
    return pool;
  }

  /** Time since the start, on the pool's clock. @unit milliseconds */
  get now(): number {
    return this.#clock.now;
  }

  /** Lets that much time pass on a manual clock. @throws UNSUPPORTED for another clock */
  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** Kills a worker, as `kill -9` would. @param worker - `worker-0`, `worker-1`, … */
  kill(worker: string): void {
    const place = this.#places.get(worker);
    if (place === undefined)
      throw invalidArgument("worker", `one of ${[...this.#places.keys()].join(", ")}`, worker);
    place.kill("WORKER_LOST", "It was killed.");
  }

  submit<K extends Op>(request: Request<K>, options: CallOptions = {}): Submission<K> {
    const resolve = () => {
      this.#assertOpen();
      return this.#models.resolve(request.modelId);
    };
    return this.#desk.submit(request as Request<"generate">, options, resolve) as unknown as Submission<K>;
  }

  async models(): Promise<ModelInfo[]> {
    return this.#models.infos;
  }

  async assets(modelId?: string): Promise<ProcessorAssets> {
    return this.#modelOf(this.#models.resolve(modelId)).assets;
  }

  async load(spec: DeploymentSpec): Promise<ModelInfo> {
    this.#assertOpen();
    const deployment = resolveDeployment(spec);
    const equivalent = this.#models.equivalent(deployment);
    if (equivalent !== undefined) return this.#models.untilServed(equivalent);
    const model = await readModel(deployment);
    this.#models.add(deployment);
    const served = this.#models.get(deployment.modelId);
    if (served !== undefined) served.info = model.info;
    this.#read.set(deployment.modelId, model);
    this.#scheduler.handle({ type: "modelAdded", modelId: deployment.modelId });
    this.#startWorkers(model, deployment);
    this.#models.changed();
    return model.info;
  }

  async unload(modelId: string): Promise<void> {
    const id = this.#models.resolve(modelId);
    const leaving = [...this.#places.values()].filter(({ model }) => model.info.modelId === id);
    this.#models.remove(id);
    this.#scheduler.handle({ type: "modelRemoved", modelId: id });
    await this.#desk.untilSettled(id);
    for (const place of leaving) {
      place.stop();
      this.#places.delete(place.name);
    }
    this.#read.delete(id);
  }

  async stats(): Promise<PoolStats> {
    const { state } = this.#scheduler;
    const { waiting, waitingBytes, counts } = state;
    let oldest = 0;
    for (const request of state.requests.values()) {
      if (request.phase !== "running") oldest = Math.max(oldest, this.now - request.arrivedAt);
    }
    const places = [...this.#places.values()];
    return {
      poolEpoch: "0".repeat(16),
      uptimeMs: this.now,
      workers: places.map((place) => place.stats(state.workers.get(place.workerId)?.running.size ?? 0)),
      queue: { requests: waiting, bytes: waitingBytes, oldestMs: oldest },
      clients: 0,
      counts: { ...counts, restarts: places.reduce((sum, { restarts }) => sum + restarts, 0) },
    };
  }

  on<N extends EngineEventName>(event: N, listener: EngineListener<N>): Disposable {
    return this.#events.on(event, listener);
  }

  async drain({ graceMs = 30_000 }: DrainOptions = {}): Promise<void> {
    checkDuration("graceMs", graceMs);
    if (this.#scheduler.state.mode === "closed") return;
    this.#events.emit("draining", { inFlight: this.#desk.size });
    await new Promise<void>((resolve) => {
      this.#drained.push(resolve);
      this.#clock.after(graceMs, resolve);
      this.#scheduler.handle({ type: "drain" });
    });
  }

  async close({ graceMs = 0 }: DrainOptions = {}): Promise<void> {
    checkDuration("graceMs", graceMs);
    if (this.#closing) return;
    this.#closing = true;
    if (graceMs > 0) await this.drain({ graceMs });
    this.#scheduler.handle({ type: "close" });
    for (const place of this.#places.values()) place.stop();
    for (const resolve of this.#drained.splice(0)) resolve();
    this.#models.close();
    this.#clock.stop();
    this.#events.emit("closed", {});
  }

  #startWorkers(model: SimulatedModel, { workers }: Deployment): void {
    const { script = () => "yes", restartMs = 500, hangMs = 5000 } = this.#options;
    for (let index = 0; index < workers; index += 1) {
      const place = new ScriptedPlace({
        name: `worker-${this.#names++}`,
        model,
        script,
        clock: this.#clock,
        random: () => this.#chance.between(0, 1),
        hangMs,
        restartMs,
        onEvent: (event) => this.#scheduler.handle(event),
        onReady: (each) => this.#events.emit("workerReady", { ...named(each), loadMs: 0, warnings: [] }),
        onLost: (each, reason) => this.#onLost(each, reason),
      });
      this.#places.set(place.name, place);
      place.start();
    }
  }

  #onLost(place: ScriptedPlace, reason: string): void {
    if (this.#closing) return;
    const inFlight = this.#scheduler.state.workers.get(place.workerId)?.running.size ?? 0;
    this.#events.emit("workerLost", { ...named(place), reason, inFlight });
  }

  #perform(effect: SchedulerEffect): void {
    switch (effect.type) {
      case "prepare":
        void this.#desk.prepare(effect.requestId);
        return;
      case "dispatch":
        return this.#placeOf(effect.workerId)?.submit(this.#desk.batch(effect));
      case "cancelAttempt":
        return this.#placeOf(effect.workerId)?.cancel(effect.requestId, effect.attempt);
      case "deliver":
        return this.#desk.deliver(effect);
      case "settle":
        if (effect.outcome.ok) this.#placeOf(effect.outcome.workerId)?.countCompleted();
        return this.#desk.settle(effect);
      case "recycle":
        return this.#placeOf(effect.workerId)?.kill(effect.code, effect.reason);
      case "retried": {
        const { attempt, workerId, code } = effect.failure;
        return this.#events.emit("requestRetried", { requestId: effect.requestId, attempt, workerId, code });
      }
      case "overloaded":
        return this.#events.emit("overloaded", { queued: effect.queued, retryAfterMs: effect.retryAfterMs });
      case "drained":
        for (const resolve of this.#drained.splice(0)) resolve();
    }
  }

  #placeOf(workerId: string): ScriptedPlace | undefined {
    const place = this.#places.get(workerId.slice(0, workerId.lastIndexOf(".")));
    return place?.workerId === workerId ? place : undefined;
  }

  #modelOf(modelId: string): SimulatedModel {
    const model = this.#read.get(modelId);
    if (model === undefined)
      throw new InstructBlipError("MODEL_NOT_FOUND", `No model is called "${modelId}".`);
    return model;
  }

  #assertOpen(): void {
    if (this.#closing) throw new InstructBlipError("POOL_CLOSED", "The pool is closed.");
  }
}

function named(place: ScriptedPlace): { workerId: string; modelId: string } {
  return { workerId: place.workerId, modelId: place.model.info.modelId };
}
