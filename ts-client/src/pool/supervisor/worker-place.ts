import { randomBytes } from "node:crypto";
import type { WorkerState, WorkerStats } from "../../engine/index.ts";
import { type ErrorCode, InstructBlipError } from "../../errors/index.ts";
import { FEATURES, type HeaderOf, type Message, PROTOCOL_MINORS } from "../../protocol/index.ts";
import type { Deployment } from "../deployment.ts";
import { loadProgress } from "../load-progress.ts";
import { type Death, deathError, explainDeath } from "./death.ts";
import { type Incarnation, newIncarnation } from "./incarnation.ts";
import type { PlaceOptions } from "./place-options.ts";
import { RestartPolicy } from "./restart-policy.ts";

/** How long a worker may take to end after SIGTERM. @unit milliseconds */
const TERMINATE_MS = 3000;
/** How long it may take after SIGKILL; one that a driver holds on to never ends. @unit milliseconds */
const REAP_MS = 10_000;
/** How long to listen for why a load failed, once its process has ended. @unit milliseconds */
const LAST_WORDS_MS = 250;

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
  #trouble: InstructBlipError | undefined;
  /** Fires when the place is given up. */
  readonly #end = new AbortController();
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

  /** Whether its worker has loaded the model, and is not about to be killed. */
  get isReady(): boolean {
    return this.#current?.ready !== undefined && this.#current.verdict === undefined;
  }

  /** Why it has given up, for a while or for good; undefined while it has not. */
  get trouble(): InstructBlipError | undefined {
    return this.#state === "failed" ? this.#trouble : undefined;
  }

  /** Whether it is being given up on purpose. */
  get isStopping(): boolean {
    return this.#end.signal.aborted;
  }

  start(): void {
    this.#life = this.#live();
  }

  /** Ends the process and starts no other. Resolves when it is reaped. */
  async stop(): Promise<void> {
    this.#end.abort();
    if (this.#current !== undefined) this.#terminate(this.#current);
    await this.#life;
  }

  /** Ends the process because of what it did; it is replaced, unless another would do the same. */
  kill(code: ErrorCode, reason: string, permanent = false): void {
    const current = this.#current;
    if (current === undefined || current.verdict !== undefined) return;
    current.verdict = { code, reason, permanent };
    this.#options.logger.warn(`killing ${current.workerId}: ${reason}`);
    // It gets no work that would die with it.
    this.#accept(current, false);
    this.#kill(current);
  }

  onConnected(hello: HeaderOf<"HELLO">): void {
    const current = this.#current;
    if (current === undefined) return;
    if (current.connected) {
      return this.kill("WORKER_LOST", "its connection broke, and messages may have been lost with it");
    }
    current.connected = true;
    current.advancedAt = performance.now();
    const minor = Math.min(PROTOCOL_MINORS.max, hello.minors.max);
    if (minor < PROTOCOL_MINORS.min || minor < hello.minors.min) {
      const theirs = `${hello.minors.min} to ${hello.minors.max}`;
      const ours = `${PROTOCOL_MINORS.min} to ${PROTOCOL_MINORS.max}`;
      return this.kill("VERSION_MISMATCH", `it speaks minor versions ${theirs}, this side ${ours}`, true);
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
    if (!this.isStopping) this.#state = "loading";
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
        if (!this.isStopping) this.#state = "ready";
        this.#policy.started();
        this.#leaveGate();
        return this.#options.handlers.onReady(this, message.header);
      case "ERROR":
        current.lastError = message.header;
        return;
      case "GOODBYE":
        this.#options.logger.debug(`${current.workerId} leaves: ${message.header.reason}`);
        current.leaving = true;
        current.goodbye.resolve();
        return this.#accept(current, false);
    }
  }

  /** Pings, and judges what came back. @param excused - the pool itself was held up */
  watch(excused: boolean): void {
    const current = this.#current;
    if (current === undefined || current.verdict !== undefined || this.isStopping) return;
    const now = performance.now();
    if (excused) {
      current.liveness.excuse(now);
      current.advancedAt = now;
    }
    if (current.ready === undefined) return this.#watchStart(current, now);
    const verdict = current.liveness.verdict(now);
    if (typeof verdict === "object") return this.kill("WORKER_HUNG", verdict.hung);
    this.#state = verdict === "alive" ? "ready" : verdict;
    this.#accept(current, verdict === "alive" && !current.leaving);
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
      progress: progress === undefined ? undefined : loadProgress(progress),
      lastError: this.#lastDeath?.message,
    };
  }

  async #live(): Promise<void> {
    while (!this.isStopping) {
      this.#state = "spawning";
      const death = await this.#oneLife();
      if (this.isStopping) break;
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
      await pause(delayMs, this.#end.signal);
    }
  }

  /** From spawn to reaped. */
  async #oneLife(): Promise<Death & { readonly wasReady: boolean }> {
    const { gate, handlers, transport } = this.#options;
    const leave = await gate.enter(this.device, this.#end.signal);
    try {
      if (this.isStopping) return { ...STOPPED, wasReady: false };
      const current = await this.#spawn().catch((error: Error) => error);
      if (current instanceof Error) {
        this.#lastDeath = spawnDeath(current);
        handlers.onLost(this, this.#lastDeath, false);
        return { ...this.#lastDeath, wasReady: false };
      }
      this.#leaveGate = leave;
      if (this.isStopping) this.#terminate(current);
      const death = await this.#awaitDeath(current);
      const wasReady = current.ready !== undefined;
      if (!this.isStopping) this.#lastDeath = death;
      handlers.onLost(this, death, wasReady);
      transport.forget(current.workerId);
      this.#current = undefined;
      return { ...death, wasReady };
    } finally {
      leave();
    }
  }

  async #awaitDeath(current: Incarnation): Promise<Death> {
    const exit = await Promise.race([current.worker.exited, current.stuck.promise]);
    clearTimeout(current.timer);
    if (exit === undefined) {
      const message = `The process ${current.worker.pid} was killed and does not end; its device may be lost.`;
      return { code: "WORKER_HUNG", message, permanent: true };
    }
    // Whatever the process started goes with it.
    current.worker.kill();
    if (this.isStopping) return STOPPED;
    if (current.connected && current.ready === undefined && exit.code !== undefined) {
      // Its end may be seen before what it said last.
      await Promise.race([current.goodbye.promise, pause(LAST_WORDS_MS, this.#end.signal)]);
    }
    return explainDeath(exit, current.verdict, current.lastError);
  }

  async #spawn(): Promise<Incarnation> {
    const { launcher, transport, poolEpoch, handlers, liveness, nextEpoch } = this.#options;
    const epoch = nextEpoch();
    const workerId = `${this.name}.${epoch}`;
    const token = randomBytes(32).toString("hex");
    transport.expect(workerId, token);
    const launched = async () => {
      const { environment } = this.deployment;
      return launcher.launch({
        workerId,
        token,
        poolEpoch,
        endpoints: await transport.endpoints(),
        environment,
      });
    };
    const worker = await launched().catch((error) => {
      transport.forget(workerId);
      throw error;
    });
    const current = newIncarnation({ workerId, epoch, worker }, liveness);
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
    this.#trouble = deathError(death, retryAfterMs);
    this.#options.handlers.onFailed(this, this.#trouble);
  }

  #terminate(current: Incarnation): void {
    this.#state = "stopping";
    current.worker.terminate();
    clearTimeout(current.timer);
    current.timer = setTimeout(() => this.#kill(current), TERMINATE_MS);
  }

  #kill(current: Incarnation): void {
    current.worker.kill();
    clearTimeout(current.timer);
    current.timer = setTimeout(() => current.stuck.resolve(undefined), REAP_MS);
  }
}

const STOPPED: Death = { code: "POOL_CLOSED", message: "The worker was stopped.", permanent: true };

/** Waits; not at all once the signal fires. */
function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, delayMs);
    signal.addEventListener("abort", over);
    if (signal.aborted) over();
  });
}

/** Why no process could be started. */
function spawnDeath(error: Error): Death {
  const isKnown = InstructBlipError.isInstance(error);
  return {
    code: isKnown ? error.code : "POOL_UNAVAILABLE",
    message: error.message,
    permanent: isKnown && !error.retryable,
  };
}
