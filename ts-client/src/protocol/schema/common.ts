import { z } from "zod";
import { ERROR_CODES, type ErrorCode } from "../../errors/index.ts";
import { LIMITS } from "../limits.ts";

/**
 * Text of `min` to `max` characters, counted as code points, as JSON Schema and Python count them: zod's own
 * bounds count an emoji as two.
 */
export function text(max: number, min: 0 | 1 = 0) {
  return (min === 0 ? z.string() : z.string().min(min))
    .refine((value) => value.length <= max || codePoints(value, max) <= max, {
      error: `expected at most ${max} characters`,
    })
    .meta({ maxLength: max });
}

/** How many code points there are; stops counting above `max`. */
function codePoints(value: string, max: number): number {
  let count = 0;
  for (const _ of value) {
    count += 1;
    if (count > max) break;
  }
  return count;
}

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

/** An integer from `min` to `max`, both included. */
export function integer(min: number, max: number) {
  return z.int().min(min).max(max);
}

/** A count: an integer from 0 to 2^53 - 1. */
export const count = integer(0, Number.MAX_SAFE_INTEGER);
/** A duration in milliseconds; whole, as senders round. */
export const milliseconds = integer(0, 2 ** 40);
/** A measured duration or figure; may be fractional. */
export const measure = z.number();
export const fraction = z.number().min(0).max(1);
export const shortText = text(256);
export const longText = text(4096);
/** A name from a small vocabulary: of a feature, an output, a stage. */
export const name = text(48);
export const errorCode = z.enum(codes);
/** A UUID in its canonical text form, made by whoever submits the request. */
export const requestId = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
export const attempt = integer(1, 65535).describe("1 for the first try; each new try has the next number");
export const workerEpoch = integer(1, 2 ** 31).describe("the pool's count of spawns; an older one is stale");
export const poolEpoch = z.string().regex(/^[0-9a-f]{16}$/);
export const modelId = text(128, 1);
/** SHA-256 as 64 hexadecimal digits. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);
export const tokenId = integer(0, 2 ** 31 - 1);

/** One tensor frame. */
export const tensorSpec = z.object({
  dtype: z.enum(["u8", "i8", "i32", "i64", "f16", "bf16", "f32", "bool"]),
  shape: z.array(integer(0, 2 ** 31 - 1)).max(LIMITS.rank),
  bytes: integer(0, LIMITS.tensorBytes).describe("elements × element size = length of the frame"),
});
export const tensorSpecs = z
  .array(tensorSpec)
  .max(LIMITS.tensors)
  .describe("one entry for every tensor frame");
/** Position of a tensor in the message's `tensors`. */
export const tensorIndex = integer(0, LIMITS.tensors - 1);

export const precision = z.enum(["auto", "float32", "bfloat16", "float16"]);
export const quantization = z.enum(["none", "int8", "nf4"]);

/** One request of one attempt: names what a message is about. */
export const attemptRef = z.object({ request_id: requestId, attempt });

/** One try at a request, as the pool saw it end. */
export const attemptRecord = z.object({
  attempt,
  worker_id: shortText,
  code: errorCode,
  message: longText,
});
/** Every try of a request. */
export const attemptRecords = z
  .array(attemptRecord)
  .max(32)
  .describe("from pools only: every try, oldest first");
