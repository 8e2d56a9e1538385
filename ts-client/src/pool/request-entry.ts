import { performance } from "node:perf_hooks";
import type { CallOptions, PendingSubmission, PreparedInputs, Request } from "../engine/index.ts";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import type { NewRequest } from "../scheduler/index.ts";

/** What the shell keeps of a request until it is settled. */
export interface RequestEntry {
  readonly request: Request<"generate">;
  readonly modelId: string;
  readonly submission: PendingSubmission;
  readonly deadlineAt: number;
  readonly submittedAt: number;
  /** Ends the preparation when the request ends first. */
  readonly abort: AbortController;
  inputs: PreparedInputs | undefined;
  prepareMs: number;
  /** Tokens handed to the reader. */
  delivered: number[];
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

/** Checks a request's call options and options' size, and describes it to the scheduler. */
export function describeRequest(
  request: Request<"generate">,
  call: CallOptions,
  requestId: string,
  modelId: string,
  now: number,
): NewRequest {
  const text = JSON.stringify(request.options);
  if (text.length > LARGEST_OPTIONS_BYTES) {
    throw new InstructBlipError(
      "PAYLOAD_TOO_LARGE",
      `The options take ${text.length} bytes; at most ${LARGEST_OPTIONS_BYTES} are allowed.`,
      { path: "options" },
    );
  }
  const { seed: _seed, ...shared } = request.options;
  const beams = request.options.num_beams ?? 1;
  const samples = request.options.do_sample === true ? (request.options.num_return_sequences ?? 1) : 1;
  return {
    id: requestId,
    modelId,
    batchKey: JSON.stringify(shared),
    rows: beams * samples,
    stream: request.stream ?? false,
    priority: integer("priority", call.priority, -100, 100) ?? 0,
    deadlineAt: now + (duration("deadlineMs", call.deadlineMs) ?? DEFAULT_DEADLINE_MS),
    queueTimeoutMs: duration("queueTimeoutMs", call.queueTimeoutMs),
    runTimeoutMs: duration("runTimeoutMs", call.runTimeoutMs),
    maxRetries: integer("maxRetries", call.maxRetries, 0, 16) ?? DEFAULT_RETRIES,
  };
}

/** Milliseconds since some fixed point; never jumps. */
export function monotonic(): number {
  return performance.now();
}

function duration(path: string, value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !(value >= 0) || value > 2 ** 40) {
    throw invalidArgument(path, "a duration in milliseconds, 0 or more", value);
  }
  return value;
}

function integer(path: string, value: number | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || value < least || value > most) {
    throw invalidArgument(path, `an integer from ${least} to ${most}`, value);
  }
  return value;
}
