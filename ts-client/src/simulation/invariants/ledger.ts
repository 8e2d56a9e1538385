import type { NewRequest, SchedulerPolicy } from "../../scheduler/index.ts";

/** A request as the checker knows it, from events and effects alone. */
export interface LedgerRequest extends NewRequest {
  /** Place in the order of arrival. */
  readonly order: number;
  phase: "preparing" | "queued" | "running";
  bytes: number;
  attempt: number;
  workerId: string | undefined;
  waitingSince: number;
  startedAt: number;
  /** Chunks of the current try that were delivered. */
  chunks: number;
  /** Tokens of any try went to the caller. */
  delivered: boolean;
  deaths: number;
  soloDeaths: number;
  /** It must run without company from now on. */
  alone: boolean;
  /** Tries used up of `maxRetries`. */
  retries: number;
  /** The failure its next try is paid for by. */
  incident: Incident | undefined;
}

/** Something that went wrong, for one request or for all of a worker; it may cost one retry permit. */
export interface Incident {
  used: boolean;
}

/** A life of a worker, as the checker knows it. */
export interface LedgerWorker {
  readonly id: string;
  readonly modelId: string;
  readonly epoch: number;
  readonly slots: number;
  accepting: boolean;
  /** It said that it leaves, or the scheduler gave it up. */
  retired: boolean;
  /** Rows by the key of the try. */
  readonly running: Map<
    string,
    { readonly requestId: string; readonly attempt: number; readonly rows: number }
  >;
  rows: number;
  /** What it runs must have no company. */
  solo: boolean;
}

/** Ids that must be remembered at least. */
const REMEMBERED_IDS = 4096;

/** The checker's own books, kept apart from the scheduler's. */
export class Ledger {
  readonly policy: SchedulerPolicy;
  readonly requests = new Map<string, LedgerRequest>();
  readonly workers = new Map<string, LedgerWorker>();
  readonly models = new Map<string, { trouble: string | undefined }>();
  /** The newest life of each worker that ended. */
  readonly endedEpochs = new Map<string, number>();
  mode: "open" | "draining" | "closed" = "open";
  admitted = 0;
  waiting = 0;
  waitingBytes = 0;
  queued = 0;
  /** Queued requests that never ran, by model. */
  readonly fresh = new Map<string, number>();
  /** Ids of requests that ran, in the order of their ends. */
  readonly usedIds = new Map<string, number>();
  /** Retry permits that were used. */
  permitsUsed = 0;

  constructor(policy: SchedulerPolicy) {
    this.policy = { ...policy };
  }

  admit(request: NewRequest, now: number): void {
    this.admitted += 1;
    this.waiting += 1;
    this.requests.set(request.id, {
      id: request.id,
      modelId: request.modelId,
      batchKey: request.batchKey,
      rows: request.rows,
      stream: request.stream,
      priority: request.priority,
      deadlineAt: request.deadlineAt,
      queueTimeoutMs: request.queueTimeoutMs,
      runTimeoutMs: request.runTimeoutMs,
      maxRetries: request.maxRetries,
      waitingSince: now,
      order: this.admitted,
      phase: "preparing",
      bytes: 0,
      attempt: 0,
      workerId: undefined,
      startedAt: 0,
      chunks: 0,
      delivered: false,
      deaths: 0,
      soloDeaths: 0,
      alone: false,
      retries: 0,
      incident: undefined,
    });
  }

  /** Its inputs are there, or a try failed and another may follow. */
  toQueue(request: LedgerRequest, now: number): void {
    if (request.phase === "running") {
      this.waiting += 1;
      request.waitingSince = now;
    }
    request.phase = "queued";
    request.workerId = undefined;
    this.waitingBytes += request.bytes;
    this.queued += 1;
    if (request.attempt === 0) this.#countFresh(request.modelId, 1);
  }

  toWorker(request: LedgerRequest, worker: LedgerWorker, now: number): void {
    this.#leaveQueue(request);
    request.phase = "running";
    request.attempt += 1;
    request.workerId = worker.id;
    request.startedAt = now;
    request.chunks = 0;
    const { id: requestId, attempt, rows } = request;
    worker.running.set(`${requestId}/${attempt}`, { requestId, attempt, rows });
    worker.rows += rows;
    if (request.alone) worker.solo = true;
  }

  /** A try ended on its worker; false when the worker, in that life, does not have it. */
  release(workerId: string, epoch: number, requestId: string, attempt: number): LedgerWorker | undefined {
    const worker = this.holder(workerId, epoch, requestId, attempt);
    const key = `${requestId}/${attempt}`;
    const running = worker?.running.get(key);
    if (worker === undefined || running === undefined) return undefined;
    worker.running.delete(key);
    worker.rows -= running.rows;
    if (worker.running.size === 0) worker.solo = false;
    return worker;
  }

  /** The worker, if it has that try in its hands in that life. */
  holder(workerId: string, epoch: number, requestId: string, attempt: number): LedgerWorker | undefined {
    const worker = this.workers.get(workerId);
    return worker?.epoch === epoch && worker.running.has(`${requestId}/${attempt}`) ? worker : undefined;
  }

  /** The live request of which this is the current try. */
  current(workerId: string, epoch: number, requestId: string, attempt: number): LedgerRequest | undefined {
    const request = this.requests.get(requestId);
    return request?.phase === "running" &&
      request.attempt === attempt &&
      request.workerId === workerId &&
      this.holder(workerId, epoch, requestId, attempt) !== undefined
      ? request
      : undefined;
  }

  settle(request: LedgerRequest): void {
    this.#leaveQueue(request);
    this.requests.delete(request.id);
    if (request.attempt > 0) this.usedIds.set(request.id, this.usedIds.size);
  }

  /** Whether the id is one of the last that ran. */
  ranLately(requestId: string): boolean {
    const place = this.usedIds.get(requestId);
    return place !== undefined && this.usedIds.size - place <= REMEMBERED_IDS;
  }

  freshOf(modelId: string): number {
    return this.fresh.get(modelId) ?? 0;
  }

  #leaveQueue(request: LedgerRequest): void {
    if (request.phase === "running") return;
    this.waiting -= 1;
    this.waitingBytes -= request.bytes;
    if (request.phase !== "queued") return;
    this.queued -= 1;
    if (request.attempt === 0) this.#countFresh(request.modelId, -1);
  }

  #countFresh(modelId: string, change: number): void {
    this.fresh.set(modelId, this.freshOf(modelId) + change);
  }
}
