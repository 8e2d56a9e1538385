import { performance } from "node:perf_hooks";
import { checkCall } from "../engine/check-call.ts";
import { checkRequest } from "../engine/check-request.ts";
import type { AnyInputs, AnyRequest, CallOptions, PendingSubmission } from "../engine/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import type { PartAssembly } from "../protocol/index.ts";
import type { NewRequest } from "../scheduler/index.ts";

/** What the shell keeps of a request until it is settled. */
export interface RequestEntry {
  readonly request: AnyRequest;
  readonly modelId: string;
  readonly submission: PendingSubmission;
  readonly deadlineAt: number;
  readonly submittedAt: number;
  /** Ends the preparation when the request ends first. */
  readonly abort: AbortController;
  inputs: AnyInputs | undefined;
  prepareMs: number;
  /** Tokens handed to the reader. */
  delivered: number[];
  /** Large outputs of the attempt that sends them. */
  parts: { readonly attempt: number; readonly assembly: PartAssembly } | undefined;
  /** Why the caller gave up. */
  cancelReason: unknown;
  /** Stops listening to the caller's signal. */
  release: () => void;
}

/** @unit milliseconds */
export const DEFAULT_DEADLINE_MS = 600_000;
const DEFAULT_RETRIES = 2;
/** Options that would crowd out the rest of a batch's header. */
const LARGEST_OPTIONS_BYTES = 24 * 1024;
/** Values in the options' lists and maps, all together. */
export const MAX_OPTION_ENTRIES = 2048;

/**
 * Checks a request and describes it to the scheduler.
 *
 * @throws INVALID_ARGUMENT, UNSUPPORTED, PAYLOAD_TOO_LARGE
 */
export function describeRequest(
  request: AnyRequest,
  call: CallOptions,
  requestId: string,
  modelId: string,
  now: number,
): NewRequest {
  checkCall(call);
  checkRequest(request);
  const text = JSON.stringify(request.options);
  if (text.length > LARGEST_OPTIONS_BYTES) {
    throw new InstructBlipError(
      "PAYLOAD_TOO_LARGE",
      `The options take ${text.length} bytes; at most ${LARGEST_OPTIONS_BYTES} are allowed.`,
      { path: "options" },
    );
  }
  const entries = countEntries(request.options);
  if (entries > MAX_OPTION_ENTRIES) {
    throw new InstructBlipError(
      "PAYLOAD_TOO_LARGE",
      `The options hold ${entries} values; at most ${MAX_OPTION_ENTRIES} are allowed.`,
      { path: "options" },
    );
  }
  return {
    id: requestId,
    modelId,
    ...batchFacts(request, requestId),
    stream: request.stream ?? false,
    priority: call.priority ?? 0,
    deadlineAt: now + (call.deadlineMs ?? DEFAULT_DEADLINE_MS),
    queueTimeoutMs: call.queueTimeoutMs,
    runTimeoutMs: call.runTimeoutMs,
    maxRetries: call.maxRetries ?? DEFAULT_RETRIES,
  };
}

/** What a request shares a batch with, and the rows it takes there. */
function batchFacts(request: AnyRequest, requestId: string): Pick<NewRequest, "batchKey" | "rows"> {
  // Other operations bring a batch of their own.
  if (request.op !== "generate") return { batchKey: requestId, rows: 1 };
  const { seed: _seed, log_probs: _logProbs, ...shared } = request.options;
  const beams = request.options.num_beams ?? 1;
  const samples = request.options.do_sample === true ? (request.options.num_return_sequences ?? 1) : 1;
  return { batchKey: JSON.stringify(shared), rows: beams * samples };
}

/** How many values a nested value holds, itself not counted. */
export function countEntries(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, each) => sum + 1 + countEntries(each), 0);
}

/** Milliseconds since some fixed point; never jumps. */
export function monotonic(): number {
  return performance.now();
}
