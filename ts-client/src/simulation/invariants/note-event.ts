import type { SchedulerEvent } from "../../scheduler/index.ts";
import type { Incident, Ledger, LedgerRequest, LedgerWorker } from "./ledger.ts";

type EventOf<T extends SchedulerEvent["type"]> = Extract<SchedulerEvent, { type: T }>;

/** A try that failed in a way that may be mended by another. */
export interface FailedTry {
  readonly request: LedgerRequest;
  readonly code: string;
  /** Counts against `maxRetries`. */
  readonly counted: boolean;
  /** What the next try is paid for by; undefined when it is free. */
  readonly incident: Incident | undefined;
}

/** What an event means by the books. */
export interface Noted {
  /** The live request whose current try it speaks for; undefined when it is of the past. */
  readonly current?: LedgerRequest | undefined;
  readonly failed?: readonly FailedTry[];
  /** The try that the event ended, by its key. */
  readonly released?: string | undefined;
  /** The worker whose life ended. */
  readonly lost?: LedgerWorker | undefined;
}

/** Codes of a worker's errors after which a request may be tried again. */
const MENDABLE = new Set(["DRAINING", "CUDA_OOM", "OUTPUT_INVALID", "PROTOCOL"]);

/** Enters an event into the books. */
export function noteEvent(ledger: Ledger, event: SchedulerEvent): Noted {
  switch (event.type) {
    case "workerReady":
      return noteReady(ledger, event);
    case "workerLost": {
      const { workerId, epoch, code } = event;
      const worker = ledger.workers.get(workerId);
      if (worker?.epoch === epoch) return lose(ledger, worker, code);
      ledger.endedEpochs.set(workerId, Math.max(epoch, ledger.endedEpochs.get(workerId) ?? -1));
      return {};
    }
    case "workerAccepting": {
      const worker = ledger.workers.get(event.workerId);
      if (worker !== undefined) worker.accepting = event.accepting;
      return {};
    }
    case "chunk":
      return noteChunk(ledger, event);
    case "result":
      return noteResult(ledger, event);
    case "error":
      return noteError(ledger, event);
    case "modelAdded":
      if (!ledger.models.has(event.modelId)) ledger.models.set(event.modelId, { trouble: undefined });
      return {};
    case "modelRemoved":
      ledger.models.delete(event.modelId);
      for (const worker of ledger.workers.values())
        if (worker.modelId === event.modelId) worker.retired = true;
      return {};
    case "modelFailed": {
      const model = ledger.models.get(event.modelId);
      const serving = [...ledger.workers.values()].some(
        ({ modelId, retired }) => modelId === event.modelId && !retired,
      );
      if (model !== undefined && !serving) model.trouble = event.code;
      return {};
    }
    case "drain":
      if (ledger.mode !== "closed") ledger.mode = "draining";
      return {};
    case "close":
      ledger.mode = "closed";
      return {};
    case "submit":
    case "prepared":
    case "prepareFailed":
    case "cancel":
    case "tick":
      return {};
  }
}

/** The inputs of a request are there. To be called after what fell due was ended: that makes room. */
export function notePrepared(ledger: Ledger, { requestId, bytes }: EventOf<"prepared">, now: number): void {
  const request = ledger.requests.get(requestId);
  if (request?.phase !== "preparing" || isTooMuch(ledger, bytes)) return;
  request.bytes = bytes;
  ledger.toQueue(request, now);
}

/** Whether inputs of that size must not wait beside those that wait. */
export function isTooMuch({ policy, waitingBytes }: Ledger, bytes: number): boolean {
  return waitingBytes > 0 && waitingBytes + bytes > policy.maxQueueBytes;
}

function noteReady(ledger: Ledger, event: EventOf<"workerReady">): Noted {
  const { workerId: id, modelId, epoch, slots } = event;
  const model = ledger.models.get(modelId);
  const former = ledger.workers.get(id);
  const over = Math.max(ledger.endedEpochs.get(id) ?? -1, former?.epoch ?? -1);
  if (model === undefined || epoch <= over) return {};
  const noted = former === undefined ? {} : lose(ledger, former, "WORKER_LOST");
  model.trouble = undefined;
  ledger.workers.set(id, {
    id,
    modelId,
    epoch,
    slots,
    accepting: true,
    retired: false,
    running: new Map(),
    rows: 0,
    solo: false,
  });
  return noted;
}

function noteChunk(ledger: Ledger, event: EventOf<"chunk">): Noted {
  const current = ledger.current(event.workerId, event.epoch, event.requestId, event.attempt);
  const due = current?.stream === true && event.seq === current.chunks;
  return { current: due ? current : undefined };
}

function noteResult(ledger: Ledger, event: EventOf<"result">): Noted {
  const { workerId, epoch, requestId, attempt } = event;
  const current = ledger.current(workerId, epoch, requestId, attempt);
  const worker = ledger.release(workerId, epoch, requestId, attempt);
  const released = worker === undefined ? undefined : `${requestId}/${attempt}`;
  if (current?.stream !== true || event.chunks === current.chunks) return { current, released };
  current.workerId = undefined;
  return {
    released,
    failed: [{ request: current, code: "PROTOCOL", counted: true, incident: { used: false } }],
  };
}

function noteError(ledger: Ledger, event: EventOf<"error">): Noted {
  const { workerId, epoch, requestId, attempt, code } = event;
  if (code === "CUDA_FATAL") {
    const worker = ledger.holder(workerId, epoch, requestId, attempt);
    return worker === undefined ? {} : lose(ledger, worker, code);
  }
  const current = ledger.current(workerId, epoch, requestId, attempt);
  const worker = ledger.release(workerId, epoch, requestId, attempt);
  const released = worker === undefined ? undefined : `${requestId}/${attempt}`;
  if (worker !== undefined && code === "DRAINING") worker.retired = true;
  if (current === undefined || !MENDABLE.has(code)) return { current, released };
  if (code === "CUDA_OOM" && current.alone) return { current, released };
  current.workerId = undefined;
  const free = code === "DRAINING" || code === "CUDA_OOM";
  const failed = {
    request: current,
    code,
    counted: code !== "DRAINING",
    incident: free ? undefined : { used: false },
  };
  if (code === "CUDA_OOM") current.alone = true;
  return { current, released, failed: [failed] };
}

/** A life ended with all that was in the worker's hands. */
function lose(ledger: Ledger, worker: LedgerWorker, code: string): Noted {
  const incident: Incident = { used: false };
  const failed: FailedTry[] = [];
  for (const { requestId, attempt } of worker.running.values()) {
    const request = ledger.current(worker.id, worker.epoch, requestId, attempt);
    if (request === undefined) continue;
    request.deaths += 1;
    if (worker.running.size === 1) request.soloDeaths += 1;
    request.alone = true;
    failed.push({ request, code, counted: true, incident });
  }
  for (const { request } of failed) request.workerId = undefined;
  ledger.workers.delete(worker.id);
  ledger.endedEpochs.set(worker.id, worker.epoch);
  return { failed, lost: worker };
}
