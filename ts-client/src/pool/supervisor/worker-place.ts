import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { WorkerState, WorkerStats } from "../../engine/index.ts";
import type { ErrorCode } from "../../errors/index.ts";
import { FEATURES, type HeaderOf, type Message, PROTOCOL_MINORS } from "../../protocol/index.ts";
import type { Deployment } from "../deployment.ts";
import type { LaunchedWorker, Launcher } from "../launcher/launcher.ts";
import type { Logger } from "../logger.ts";
import type { WorkerTransport } from "../transport/worker-transport.ts";
import { type Death, explainDeath } from "./death.ts";
import { Liveness, type LivenessOptions } from "./liveness.ts";
import type { LoadGate } from "./load-gate.ts";
import { type RestartOptions, RestartPolicy } from "./restart-policy.ts";

/** What a place tells the pool. */
export interface PlaceHandlers {
  readonly onSpawned: (place: WorkerPlace, pid: number) => void;
  readonly onProgress: (place: WorkerPlace, progress: HeaderOf<"PROGRESS">) => void;
  readonly onReady: (place: WorkerPlace, ready: HeaderOf<"READY">) => void;
  readonly onAccepting: (place: WorkerPlace, accepting: boolean) => void;
  /** A process is gone. Told before anything else happens, so that the scheduler fences it first. */
  readonly onLost: (place: WorkerPlace, death: Death, wasReady: boolean) => void;
  /** No process will be here for `retryAfterMs`, or ever when that is undefined. */
  readonly onFailed: (place: WorkerPlace, death: Death, retryAfterMs: number | undefined) => void;
}

export interface PlaceOptions {
  readonly name: string;
  readonly deployment: Deployment;
  readonly device: string;
  readonly poolEpoch: string;
  readonly launcher: Launcher;
  readonly transport: WorkerTransport;
  readonly gate: LoadGate;
  readonly liveness: LivenessOptions;
  readonly restart: RestartOptions;
  /** Spawn to HELLO. @unit milliseconds */
  readonly helloTimeoutMs: number;
  /** Longest silence while a model loads. @unit milliseconds */
  readonly loadTimeoutMs: number;
  /** Counts the pool's spawns. */
  readonly nextEpoch: () => number;
  readonly handlers: PlaceHandlers;
  readonly logger: Logger;
}

/** One process in the life of a place. */
interface Incarnation {
  readonly workerId: string;
  readonly epoch: number;
  readonly worker: LaunchedWorker;
  readonly liveness: Liveness;
  connected: boolean;
  ready: HeaderOf<"READY"> | undefined;
  beat: HeaderOf<"BEAT"> | undefined;
  progress: HeaderOf<"PROGRESS"> | undefined;
  /** When it last moved towards READY. */
  advancedAt: number;
  lastError: HeaderOf<"ERROR"> | undefined;
  verdict: { readonly code: ErrorCode; readonly reason: string } | undefined;
  accepting: boolean;
}

/** How long a worker may take to end after SIGTERM. @unit milliseconds */
const TERMINATE_MS = 3000;

/**
 * A place for one worker: spawns a process, leads it to READY, watches it, and replaces it when it dies.
 */
export class WorkerPlace {
  readonly name: string;
  readonly deployment: Deployment;
  readonly device: string;
  /** Answers since the pool started. */
  completed = 0;
  restarts = 0;
  readonly #options: PlaceOptions;
  readonly #policy: RestartPolicy;
  #state: WorkerState = "spawning";
  #current: Incarnation | undefined;
  #lastDeath: Death | undefined;
  #stopping = false;
  #wakeUp: () => void = () => {};
  /** Ends this place's turn to load. */
  #leaveGate: () => void = () => {};
  #life: Promise<void> = Promise.resolve();

  constructor(options: PlaceOptions) {
    this.#options = options;
    this.name = options.name;
    this.deployment = options.deployment;
    this.device = options.device;
    this.#policy = new RestartPolicy(options.restart);
  }

  get workerId(): string {
    return this.#current?.workerId ?? this.name;
  }

  get epoch(): number {
    return this.#current?.epoch ?? 0;
  }

  get isReady(): boolean {
    return this.#current?.ready !== undefined;
  }

  /** Whether it has given up, for a while or for good. */
  get isFailed(): boolean {
    return this.#state === "failed";
  }

  start(): void {
    this.#life = this.#live();
  }

  /** Ends the process and starts no other. Resolves when it is reaped. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wakeUp();
    const current = this.#current;
    if (current !== undefined) {
      this.#state = "stopping";
      current.worker.terminate();
      const timer = setTimeout(() => current.worker.kill(), TERMINATE_MS);
      await current.worker.exited;
      clearTimeout(timer);
    }
    await this.#life;
  }

  /** Ends the process because of what it did; it is replaced. */
  kill(code: ErrorCode, reason: string): void {
    const current = this.#current;
    if (current === undefined || current.verdict !== undefined) return;
    current.verdict = { code, reason };
    this.#options.logger.warn(`killing ${current.workerId}: ${reason}`);
    current.worker.kill();
  }

  onConnected(hello: HeaderOf<"HELLO">): void {
    const current = this.#current;
    if (current === undefined || current.connected) return;
    current.connected = true;
    current.advancedAt = performance.now();
    const minor = Math.min(PROTOCOL_MINORS.max, hello.minors.max);
    if (minor < PROTOCOL_MINORS.min || minor < hello.minors.min) {
      const theirs = `${hello.minors.min} to ${hello.minors.max}`;
      const ours = `${PROTOCOL_MINORS.min} to ${PROTOCOL_MINORS.max}`;
      return this.kill("VERSION_MISMATCH", `it speaks minor versions ${theirs}, this side ${ours}`);
    }
    const { transport, poolEpoch, liveness } = this.#options;
    transport.send(current.workerId, "control", "WELCOME", {
      minor,
      features: FEATURES.filter((feature) => hello.features.includes(feature)),
      pool_epoch: poolEpoch,
      worker_epoch: current.epoch,
      beat_ms: liveness.beatMs,
      dead_after: liveness.deadAfter,
    });
    transport.send(current.workerId, "control", "LOAD", {
      ...this.deployment.load,
      worker_epoch: current.epoch,
      device: this.device,
    });
    this.#state = "loading";
  }

  onMessage(message: Message): void {
    const current = this.#current;
    if (current === undefined) return;
    const now = performance.now();
    switch (message.kind) {
      case "PING":
        return current.liveness.onPong(message.header.seq);
      case "BEAT":
        current.beat = message.header;
        return current.liveness.onBeat(message.header, now);
      case "PROGRESS":
        current.progress = message.header;
        current.advancedAt = now;
        return this.#options.handlers.onProgress(this, message.header);
      case "READY":
        current.ready = message.header;
        current.progress = undefined;
        current.liveness.excuse(now);
        this.#state = "ready";
        this.#policy.started();
        this.#leaveGate();
        return this.#options.handlers.onReady(this, message.header);
      case "ERROR":
        current.lastError = message.header;
        return;
      case "GOODBYE":
        this.#options.logger.debug(`${current.workerId} leaves: ${message.header.reason}`);
        return this.#accept(current, false);
    }
  }

  /** Pings, and judges what came back. @param excused - the pool itself was held up */
  watch(excused: boolean): void {
    const current = this.#current;
    if (current === undefined || current.verdict !== undefined || this.#stopping) return;
    const now = performance.now();
    if (excused) {
      current.liveness.excuse(now);
      current.advancedAt = now;
    }
    if (current.ready === undefined) return this.#watchStart(current, now);
    const verdict = current.liveness.verdict(now);
    if (typeof verdict === "object") return this.kill("WORKER_HUNG", verdict.hung);
    this.#state = verdict === "alive" ? "ready" : verdict;
    this.#accept(current, verdict === "alive");
    this.#options.transport.send(current.workerId, "echo", "PING", {
      seq: current.liveness.nextPing(),
      worker_epoch: current.epoch,
    });
  }

  stats(inFlight: number): WorkerStats {
    const current = this.#current;
    const slots = current?.ready?.slots ?? this.deployment.load.slots;
    const progress = current?.progress;
    return {
      workerId: this.workerId,
      modelId: this.deployment.modelId,
      state: this.#state === "ready" && inFlight >= slots ? "busy" : this.#state,
      pid: current?.worker.pid,
      device: current?.ready?.model.device ?? this.device,
      inFlight,
      slots,
      completed: this.completed,
      restarts: this.restarts,
      rss: current?.beat?.rss ?? current?.ready?.rss,
      deviceBytes: current?.beat?.device_bytes ?? current?.ready?.device_bytes,
      progress: progress === undefined ? undefined : { stage: progress.stage, fraction: progress.fraction },
      lastError: this.#lastDeath?.message,
    };
  }

  async #live(): Promise<void> {
    while (!this.#stopping) {
      this.#state = "spawning";
      const death = await this.#oneLife();
      if (this.#stopping) break;
      if (death.permanent) {
        this.#fail(death, undefined);
        return;
      }
      this.restarts += 1;
      const { delayMs, paused } = this.#policy.died(performance.now(), death.wasReady);
      if (paused) {
        const message = `Workers keep dying; restarts are paused for ${delayMs} ms. ${death.message}`;
        this.#fail({ ...death, code: "CRASH_LOOP", message }, delayMs);
      } else {
        this.#state = "backoff";
      }
      await this.#pause(delayMs);
    }
  }

  /** From spawn to reaped. */
  async #oneLife(): Promise<Death & { readonly wasReady: boolean }> {
    const { gate, handlers } = this.#options;
    const leave = await gate.enter(this.device);
    try {
      if (this.#stopping) return { code: "POOL_CLOSED", message: "", permanent: true, wasReady: false };
      const current = await this.#spawn().catch((error: Error) => error);
      if (current instanceof Error) {
        const death: Death = { code: "POOL_UNAVAILABLE", message: current.message, permanent: false };
        this.#lastDeath = death;
        handlers.onLost(this, death, false);
        return { ...death, wasReady: false };
      }
      this.#leaveGate = leave;
      if (this.#stopping) current.worker.terminate();
      const exit = await current.worker.exited;
      // Whatever the process started goes with it.
      current.worker.kill();
      const death = explainDeath(exit, current.verdict, current.lastError);
      const wasReady = current.ready !== undefined;
      this.#lastDeath = this.#stopping ? this.#lastDeath : death;
      handlers.onLost(this, death, wasReady);
      this.#options.transport.forget(current.workerId);
      this.#current = undefined;
      return { ...death, wasReady };
    } finally {
      leave();
    }
  }

  async #spawn(): Promise<Incarnation> {
    const { launcher, transport, poolEpoch, handlers, liveness, nextEpoch } = this.#options;
    const epoch = nextEpoch();
    const workerId = `${this.name}.${epoch}`;
    const token = randomBytes(32).toString("hex");
    transport.expect(workerId, token);
    const worker = await launcher.launch({ workerId, token, poolEpoch, endpoints: transport.endpoints });
    const now = performance.now();
    const current: Incarnation = {
      workerId,
      epoch,
      worker,
      liveness: new Liveness(liveness, now),
      connected: false,
      ready: undefined,
      beat: undefined,
      progress: undefined,
      advancedAt: now,
      lastError: undefined,
      verdict: undefined,
      accepting: true,
    };
    this.#current = current;
    handlers.onSpawned(this, worker.pid);
    return current;
  }

  #watchStart(current: Incarnation, now: number): void {
    const { helloTimeoutMs, loadTimeoutMs } = this.#options;
    const waited = now - current.advancedAt;
    if (!current.connected && waited > helloTimeoutMs) {
      this.kill("WORKER_LOST", `it did not say HELLO within ${helloTimeoutMs} ms`);
    } else if (current.connected && waited > loadTimeoutMs) {
      this.kill("MODEL_LOAD_FAILED", `its load has not moved for ${loadTimeoutMs} ms`);
    }
  }

  #accept(current: Incarnation, accepting: boolean): void {
    if (current.accepting === accepting) return;
    current.accepting = accepting;
    this.#options.handlers.onAccepting(this, accepting);
  }

  #fail(death: Death, retryAfterMs: number | undefined): void {
    this.#state = "failed";
    this.#options.handlers.onFailed(this, death, retryAfterMs);
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
