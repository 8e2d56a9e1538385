import type { WorkerStats } from "../../engine/index.ts";
import type { SchedulerEvent } from "../../scheduler/index.ts";
import { type ScriptedItem, ScriptedWorker } from "./scripted-worker.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedModel } from "./simulated-model.ts";
import type { WorkerScript } from "./worker-script.ts";

export interface ScriptedPlaceOptions {
  readonly name: string;
  readonly model: SimulatedModel;
  readonly script: WorkerScript;
  readonly clock: SimulatedClock;
  readonly random: () => number;
  readonly hangMs: number;
  /** Time from a worker's death until the next one is ready. @unit milliseconds */
  readonly restartMs: number;
  readonly onEvent: (event: SchedulerEvent) => void;
  readonly onReady: (place: ScriptedPlace) => void;
  readonly onLost: (place: ScriptedPlace, reason: string) => void;
}

/** A place in a simulated pool: a worker, and after its death another. */
export class ScriptedPlace {
  readonly name: string;
  readonly model: SimulatedModel;
  readonly #options: ScriptedPlaceOptions;
  #epoch = 0;
  #worker: ScriptedWorker | undefined;
  #stopped = false;
  #lastError: string | undefined;
  #completed = 0;

  constructor(options: ScriptedPlaceOptions) {
    this.#options = options;
    this.name = options.name;
    this.model = options.model;
  }

  get workerId(): string {
    return `${this.name}.${this.#epoch}`;
  }

  get restarts(): number {
    return Math.max(0, this.#epoch - 1);
  }

  start(): void {
    if (this.#stopped) return;
    const { name, model, script, clock, random, hangMs, restartMs, onEvent, onReady, onLost } = this.#options;
    this.#epoch += 1;
    const epoch = this.#epoch;
    const { workerId } = this;
    this.#worker = new ScriptedWorker({
      name,
      workerId,
      epoch,
      model,
      script,
      clock,
      random,
      hangMs,
      onMessage: onEvent,
      onDeath: (code, reason) => {
        this.#worker = undefined;
        this.#lastError = reason;
        onLost(this, reason);
        onEvent({ type: "workerLost", workerId, epoch, code, message: reason });
        if (!this.#stopped) clock.after(restartMs, () => this.start());
      },
    });
    const { modelId, slots } = model.info;
    onEvent({ type: "workerReady", workerId, modelId, epoch, slots });
    onReady(this);
  }

  submit(items: readonly ScriptedItem[]): void {
    this.#worker?.submit(items);
  }

  cancel(requestId: string, attempt: number): void {
    this.#worker?.cancel(requestId, attempt);
  }

  kill(code: string, reason: string): void {
    this.#worker?.kill(code, reason);
  }

  countCompleted(): void {
    this.#completed += 1;
  }

  /** Ends the worker, and starts none after it. */
  stop(): void {
    this.#stopped = true;
    this.kill("WORKER_LOST", "The worker was stopped.");
  }

  stats(inFlight: number): WorkerStats {
    const up = this.#worker !== undefined;
    return {
      workerId: this.workerId,
      modelId: this.model.info.modelId,
      state: up ? (inFlight > 0 ? "busy" : "ready") : "backoff",
      pid: undefined,
      device: "simulated",
      inFlight,
      slots: this.model.info.slots,
      completed: this.#completed,
      restarts: this.restarts,
      rss: undefined,
      deviceBytes: undefined,
      progress: undefined,
      lastError: this.#lastError,
    };
  }
}
