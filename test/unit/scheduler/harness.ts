import {
  createState,
  type NewRequest,
  nextWake,
  type Outcome,
  type SchedulerEffect,
  type SchedulerEvent,
  type SchedulerPolicy,
  type SchedulerState,
  step,
} from "../../../ts-client/src/scheduler/index.ts";

type EffectOf<T extends SchedulerEffect["type"]> = Extract<SchedulerEffect, { type: T }>;

/** A try as the harness last saw it dispatched. */
interface Sent {
  readonly workerId: string;
  readonly epoch: number;
  readonly requestId: string;
  readonly attempt: number;
}

/** A scheduler with one model, a clock that is moved by hand, and everything it ever decided. */
export class Harness {
  readonly state: SchedulerState;
  readonly effects: SchedulerEffect[] = [];
  now = 0;
  /** The latest try of each request. */
  readonly sent = new Map<string, Sent>();

  constructor(policy: Partial<SchedulerPolicy> = {}, seed = 1) {
    this.state = createState({ retryDelayMs: 0, ...policy }, seed);
    this.event({ type: "modelAdded", modelId: "m" });
  }

  event(event: SchedulerEvent): readonly SchedulerEffect[] {
    const effects = step(this.state, event, this.now);
    for (const effect of effects) {
      this.effects.push(effect);
      if (effect.type !== "dispatch") continue;
      const { workerId, epoch } = effect;
      for (const item of effect.items) this.sent.set(item.requestId, { workerId, epoch, ...item });
    }
    return effects;
  }

  /** Moves the clock, with a tick whenever the scheduler asked for one. */
  advance(ms: number): void {
    const until = this.now + ms;
    for (let wake = nextWake(this.state); wake <= until; wake = nextWake(this.state)) {
      this.now = Math.max(this.now, wake);
      this.event({ type: "tick" });
    }
    this.now = until;
  }

  ready(workerId: string, { slots = 8, epoch = 1, modelId = "m" } = {}): readonly SchedulerEffect[] {
    return this.event({ type: "workerReady", workerId, modelId, epoch, slots });
  }

  lose(workerId: string, { epoch = 1, code = "WORKER_LOST" } = {}): readonly SchedulerEffect[] {
    return this.event({ type: "workerLost", workerId, epoch, code, message: "It died." });
  }

  submit(id: string, request: Partial<NewRequest> = {}): readonly SchedulerEffect[] {
    return this.event({
      type: "submit",
      request: {
        id,
        modelId: "m",
        batchKey: "k",
        rows: 1,
        stream: false,
        priority: 0,
        deadlineAt: Number.POSITIVE_INFINITY,
        queueTimeoutMs: undefined,
        runTimeoutMs: undefined,
        maxRetries: 2,
        ...request,
      },
    });
  }

  prepared(requestId: string, bytes = 1): readonly SchedulerEffect[] {
    return this.event({ type: "prepared", requestId, bytes });
  }

  /** Submits and prepares. */
  queue(id: string, request: Partial<NewRequest> = {}): void {
    this.submit(id, request);
    this.prepared(id);
  }

  cancel(requestId: string): readonly SchedulerEffect[] {
    return this.event({ type: "cancel", requestId });
  }

  /** The worker that has the latest try answers it. */
  result(id: string, { chunks = 0, ...fence }: Partial<Sent> & { chunks?: number } = {}) {
    return this.event({ type: "result", ...this.#try(id), ...fence, chunks, payload: id });
  }

  fail(id: string, code: string, fence: Partial<Sent> = {}): readonly SchedulerEffect[] {
    return this.event({
      type: "error",
      ...this.#try(id),
      ...fence,
      code,
      message: `${code}.`,
      path: undefined,
    });
  }

  chunk(id: string, seq: number, fence: Partial<Sent> = {}): readonly SchedulerEffect[] {
    return this.event({ type: "chunk", ...this.#try(id), ...fence, seq, tokens: [seq] });
  }

  /** Everything decided so far of one type. */
  all<T extends SchedulerEffect["type"]>(type: T): EffectOf<T>[] {
    return this.effects.filter((effect): effect is EffectOf<T> => effect.type === type);
  }

  /** How a request ended; undefined while it has not. Fails when it ended twice. */
  outcome(requestId: string): Outcome | undefined {
    const ends = this.all("settle").filter((effect) => effect.requestId === requestId);
    if (ends.length > 1) throw new Error(`${requestId} was settled ${ends.length} times`);
    return ends[0]?.outcome;
  }

  /** The code a request failed with, "ok", or undefined while it is live. */
  end(requestId: string): string | undefined {
    const outcome = this.outcome(requestId);
    return outcome?.ok === true ? "ok" : outcome?.code;
  }

  /** Batches as they were sent: worker, then its requests. */
  batches(): string[] {
    return this.all("dispatch").map(
      ({ workerId, items }) => `${workerId}: ${items.map(({ requestId }) => requestId).join(" ")}`,
    );
  }

  /** Whether a try of the request is on a worker, and it is live. */
  isRunning(requestId: string): boolean {
    return this.state.requests.get(requestId)?.phase === "running";
  }

  #try(requestId: string): Sent {
    const sent = this.sent.get(requestId);
    if (sent === undefined) throw new Error(`${requestId} was never dispatched`);
    return sent;
  }
}

/** What must hold when every request has ended and every worker has answered. */
export function leftovers({ state }: Harness): unknown {
  return {
    requests: state.requests.size,
    waiting: state.waiting,
    waitingBytes: state.waitingBytes,
    timers: state.timers.size,
    queued: [...state.models.values()].reduce((sum, { queue }) => sum + queue.length, 0),
    running: [...state.workers.values()].reduce((sum, { running }) => sum + running.size, 0),
    cancelled: [...state.workers.values()].reduce((sum, { cancelled }) => sum + cancelled.size, 0),
    rows: [...state.workers.values()].reduce((sum, { rowsInFlight }) => sum + rowsInFlight, 0),
  };
}

export const NOTHING_LEFT = {
  requests: 0,
  waiting: 0,
  waitingBytes: 0,
  timers: 0,
  queued: 0,
  running: 0,
  cancelled: 0,
  rows: 0,
};
