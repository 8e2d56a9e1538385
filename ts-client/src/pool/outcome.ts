import type { AnyResult } from "../engine/index.ts";
import { type AttemptRecord, InstructBlipError, isErrorCode } from "../errors/index.ts";
import type { HeaderOf } from "../protocol/index.ts";
import type { AttemptFailure, Outcome } from "../scheduler/index.ts";
import type { Tensor } from "../tensor/index.ts";
import { monotonic, type RequestEntry } from "./request-entry.ts";

/** A worker's RESULT, as it is handed through the scheduler. */
export interface ResultPayload {
  readonly header: HeaderOf<"RESULT">;
  readonly tensors: readonly Tensor[];
  /** Outputs that came in parts. */
  readonly large: Readonly<Record<string, Tensor>>;
}

/** The caller's result. @throws OUTPUT_INVALID when the worker left the sequences out */
export function resultOf(
  entry: RequestEntry,
  outcome: Extract<Outcome, { ok: true }>,
  requestId: string,
): AnyResult {
  const { header, tensors, large } = outcome.payload as ResultPayload;
  const outputs: Record<string, Tensor> = { ...large };
  for (const [name, index] of Object.entries(header.outputs)) {
    const tensor = tensors[index];
    if (tensor !== undefined) outputs[name] = tensor;
  }
  const elapsed = monotonic() - entry.submittedAt;
  const waited = outcome.queueMs - entry.prepareMs;
  const facts = {
    requestId,
    attempts: outcome.attempt,
    failedAttempts: outcome.failures,
    timings: stages(header.timings, entry.prepareMs, waited, elapsed),
    batchSize: header.batch_size,
    imageCached: header.image_cached,
    workerId: outcome.workerId,
  };
  if (entry.request.op !== "generate") return { ...facts, outputs };
  const { sequences, ...others } = outputs;
  if (!isInt64(sequences)) {
    throw new InstructBlipError("OUTPUT_INVALID", "The worker's answer holds no sequences.", { requestId });
  }
  return { ...facts, sequences, finishReasons: header.finish_reasons, outputs: others };
}

/** The caller's error. */
export function errorOf(
  entry: RequestEntry,
  outcome: Extract<Outcome, { ok: false }>,
  requestId: string,
): InstructBlipError {
  if (InstructBlipError.isInstance(outcome.failure)) return outcome.failure;
  const code = isErrorCode(outcome.code) ? outcome.code : "INTERNAL";
  const cause = outcome.failure ?? (code === "CANCELLED" ? entry.cancelReason : undefined);
  return new InstructBlipError(code, outcome.message, {
    requestId,
    attempts: outcome.failures.map(attemptRecord),
    ...(cause === undefined ? {} : { cause }),
    ...(outcome.path === undefined ? {} : { path: outcome.path }),
    ...(outcome.retryAfterMs === undefined ? {} : { retryAfterMs: outcome.retryAfterMs }),
    ...(entry.delivered.length === 0 ? {} : { tokens: entry.delivered }),
  });
}

function attemptRecord({ attempt, workerId, code, message }: AttemptFailure): AttemptRecord {
  return { attempt, workerId, code: isErrorCode(code) ? code : "INTERNAL", message };
}

function isInt64(tensor: Tensor | undefined): tensor is Tensor<"int64"> {
  return tensor?.dtype === "int64";
}

/** Where the time went; what the worker's own stages do not explain is the wire's. */
function stages(
  worker: Readonly<Record<string, number>>,
  prepare: number,
  waited: number,
  elapsed: number,
): Record<string, number> {
  const { total: workerTotal = 0, queue: workerQueue = 0, ...computed } = worker;
  const queue = Math.max(0, waited) + workerQueue;
  const wire = Math.max(0, elapsed - prepare - Math.max(0, waited) - workerTotal);
  return { prepare, queue, wire, ...computed, total: elapsed };
}
