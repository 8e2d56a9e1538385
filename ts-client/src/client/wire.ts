import {
  type CallOptions,
  type GenerateResult,
  type PreparedInputs,
  type Request,
  STREAM_CREDIT,
} from "../engine/index.ts";
import { type AttemptRecord, InstructBlipError } from "../errors/index.ts";
import type { HeaderOf, MessageOf } from "../protocol/index.ts";
import { Tensor } from "../tensor/index.ts";
import type { Pending } from "./pending.ts";

/** A request as it travels. Its picture goes along unless the daemon has it. */
export function submitItem(
  request: Request<"generate">,
  options: CallOptions & { readonly deadlineMs: number },
  { submission, prepareMs }: Pending,
  inputs: PreparedInputs,
  known: boolean,
): { item: HeaderOf<"SUBMIT">["items"][number]; tensors: Tensor[] } {
  const { image, inputIds, qformerInputIds } = inputs;
  const tensors: Tensor[] = [
    new Tensor("int32", [inputIds.length], inputIds),
    new Tensor("int32", [qformerInputIds.length], qformerInputIds),
    ...(known ? [] : [image.tensor]),
  ];
  const item: HeaderOf<"SUBMIT">["items"][number] = {
    request_id: submission.requestId,
    attempt: 1,
    op: request.op,
    ttl_ms: Math.max(0, Math.ceil(options.deadlineMs - prepareMs)),
    stream: request.stream ?? false,
    ...(request.stream === true ? { credit: STREAM_CREDIT } : {}),
    image: known ? { hash: image.hash } : { hash: image.hash, tensor: 2 },
    input_ids: 0,
    qformer_input_ids: 1,
    options: request.options,
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

/** The caller's result. @throws OUTPUT_INVALID when the daemon left the sequences out */
export function resultOf({ header, tensors }: MessageOf<"RESULT">, pending: Pending): GenerateResult {
  const outputs: Record<string, Tensor> = {};
  for (const [name, index] of Object.entries(header.outputs)) {
    const tensor = tensors[index];
    if (tensor !== undefined) outputs[name] = tensor;
  }
  const { sequences, ...others } = outputs;
  if (sequences?.dtype !== "int64") {
    const requestId = header.request_id;
    throw new InstructBlipError("OUTPUT_INVALID", "The daemon's answer holds no sequences.", { requestId });
  }
  const total = performance.now() - pending.submittedAt;
  const { total: inDaemon = 0, wire = 0, ...stages } = header.timings;
  return {
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
    sequences: sequences as Tensor<"int64">,
    finishReasons: header.finish_reasons,
    outputs: others,
  };
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
