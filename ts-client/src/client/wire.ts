import {
  type AnyInputs,
  type AnyRequest,
  type AnyResult,
  type CallOptions,
  creditOf,
} from "../engine/index.ts";
import { toWireOp } from "../engine/wire-op.ts";
import { type AttemptRecord, InstructBlipError } from "../errors/index.ts";
import type { HeaderOf, MessageOf } from "../protocol/index.ts";
import type { Tensor } from "../tensor/index.ts";
import type { Pending } from "./pending.ts";

/**
 * A request as it travels. Its picture goes along unless the daemon has it.
 *
 * @param knows - whether the daemon has the picture of a hash
 */
export function submitItem(
  request: AnyRequest,
  options: CallOptions & { readonly deadlineMs: number },
  { submission, prepareMs }: Pending,
  inputs: AnyInputs,
  knows: (hash: string) => boolean,
): { item: HeaderOf<"SUBMIT">["items"][number]; tensors: Tensor[] } {
  const tensors: Tensor[] = [];
  const push = (tensor: Tensor) => tensors.push(tensor) - 1;
  const item: HeaderOf<"SUBMIT">["items"][number] = {
    request_id: submission.requestId,
    attempt: 1,
    op: toWireOp(request, inputs, {
      tensor: push,
      image: ({ hash, tensor, interpolate }) => ({
        hash,
        ...(interpolate === true && { interpolate }),
        ...(knows(hash) ? {} : { tensor: push(tensor) }),
      }),
    }),
    ttl_ms: Math.max(0, Math.ceil(options.deadlineMs - prepareMs)),
    stream: request.stream ?? false,
    credit: creditOf(request),
    call: callFields(options),
  };
  return { item, tensors };
}

function callFields(options: CallOptions): NonNullable<HeaderOf<"SUBMIT">["items"][number]["call"]> {
  const { queueTimeoutMs, runTimeoutMs, priority, maxRetries } = options;
  return {
    ...(queueTimeoutMs === undefined ? {} : { queue_timeout_ms: Math.ceil(queueTimeoutMs) }),
    ...(runTimeoutMs === undefined ? {} : { run_timeout_ms: Math.ceil(runTimeoutMs) }),
    ...(priority === undefined ? {} : { priority }),
    ...(maxRetries === undefined ? {} : { max_retries: maxRetries }),
  };
}

/** The caller's result. @throws OUTPUT_INVALID when the daemon left the sequences out; PROTOCOL when parts are missing */
export function resultOf({ header, tensors }: MessageOf<"RESULT">, pending: Pending): AnyResult {
  const outputs = pending.parts.finish(header.parts ?? 0);
  for (const [name, index] of Object.entries(header.outputs)) {
    const tensor = tensors[index];
    if (tensor !== undefined) outputs[name] = tensor;
  }
  const total = performance.now() - pending.submittedAt;
  const { total: inDaemon = 0, wire = 0, ...stages } = header.timings;
  const facts = {
    requestId: header.request_id,
    attempts: header.tries ?? 1,
    failedAttempts: attemptsOf(header),
    timings: {
      ...stages,
      prepare: pending.prepareMs,
      wire: wire + Math.max(0, total - pending.prepareMs - inDaemon),
      total,
    },
    batchSize: header.batch_size,
    imageCached: header.image_cached,
    workerId: header.worker_id ?? "",
  };
  if (pending.op !== "generate") return { ...facts, outputs };
  const { sequences, ...others } = outputs;
  if (sequences?.dtype !== "int64") {
    const requestId = header.request_id;
    throw new InstructBlipError("OUTPUT_INVALID", "The daemon's answer holds no sequences.", { requestId });
  }
  const { finish_reasons: finishReasons } = header;
  return { ...facts, sequences: sequences as Tensor<"int64">, finishReasons, outputs: others };
}

/** The caller's error. */
export function errorOf(header: HeaderOf<"ERROR">, pending: Pending): InstructBlipError {
  return new InstructBlipError(header.code, header.message, {
    requestId: pending.submission.requestId,
    attempts: attemptsOf(header),
    ...(header.retry_after_ms === undefined ? {} : { retryAfterMs: header.retry_after_ms }),
    ...(header.path === undefined ? {} : { path: header.path }),
    ...(pending.delivered.length === 0 ? {} : { tokens: pending.delivered }),
  });
}

function attemptsOf({ attempts = [] }: Pick<HeaderOf<"ERROR">, "attempts">): AttemptRecord[] {
  return attempts.map(({ attempt, worker_id, code, message }) => {
    return { attempt, workerId: worker_id, code, message };
  });
}
