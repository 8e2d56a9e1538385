import { z } from "zod";
import { ERROR_CODES, type ErrorCode } from "../../errors/index.ts";
import { LIMITS } from "../limits.ts";

/**
 * Text of `min` to `max` characters, counted as code points, as JSON Schema and Python count them: zod's own
 * bounds count an emoji as two.
 */
export function text(max: number, min: 0 | 1 = 0) {
  return z
    .string()
    .min(min)
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

/** A count: an integer from 0 to 2^53 - 1. */
export const count = z.int().min(0);
/** A duration in milliseconds; whole, as senders round. */
export const milliseconds = z
  .int()
  .min(0)
  .max(2 ** 40);
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
/** 1 for the first try; each new try of the same request has the next number. */
export const attempt = z.int().min(1).max(65535);
/** Counts a pool's spawns; a message that carries an older one is dropped. */
export const workerEpoch = z
  .int()
  .min(1)
  .max(2 ** 31);
/** Random per start of a pool: 16 hexadecimal digits. */
export const poolEpoch = z.string().regex(/^[0-9a-f]{16}$/);
export const modelId = text(128, 1);
/** SHA-256 as 64 hexadecimal digits. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** A token id. */
export const tokenId = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

export const wireDType = z.enum(["u8", "i8", "i32", "i64", "f16", "bf16", "f32", "bool"]);

/** One tensor frame: element type, shape, and its length in bytes (= elements × size, checked on both sides). */
export const tensorSpec = z.object({
  dtype: wireDType,
  shape: z
    .array(
      z
        .int()
        .min(0)
        .max(2 ** 31 - 1),
    )
    .max(LIMITS.rank),
  bytes: z.int().min(0).max(LIMITS.tensorBytes),
});
export const tensorSpecs = z.array(tensorSpec).max(LIMITS.tensors);
/** Position of a tensor in the message's `tensors`. */
export const tensorIndex = z
  .int()
  .min(0)
  .max(LIMITS.tensors - 1);

export const precision = z.enum(["auto", "float32", "bfloat16", "float16"]);
export const quantization = z.enum(["none", "int8", "nf4"]);

/** One request of one attempt: names what a message is about. */
export const attemptRef = z.object({ request_id: requestId, attempt });
