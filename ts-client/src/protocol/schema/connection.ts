import { z } from "zod";
import {
  attempt,
  count,
  errorCode,
  fraction,
  integer,
  longText,
  milliseconds,
  name,
  poolEpoch,
  requestId,
  shortText,
  text,
  workerEpoch,
} from "./common.ts";

const features = z.array(name).max(32);

/** First message on each socket: who dials in, and the proof that it may. */
export const hello = z.object({
  role: z.enum(["worker", "client"]),
  channel: z.enum(["control", "data", "echo", "front"]).describe("the socket it is sent on"),
  peer_id: text(64, 1).describe("worker: the id it got at launch; client: one of its own making"),
  token: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe("worker: the secret of its spawn; client: the daemon's key"),
  minors: z.object({ min: count, max: count }).describe("minor versions the sender speaks"),
  features: features.describe("optional abilities the sender has"),
  schema_hash: text(64).describe("of the sender's schemas; a difference is logged, not refused"),
  pid: count.optional().describe("process id"),
  versions: z.record(name, shortText).optional().describe("of python, torch, transformers, …"),
});

/** Answer to HELLO on the control or front socket. */
export const welcome = z.object({
  minor: count.describe("the minor version both sides speak from here on"),
  features: features.describe("the abilities that both sides have"),
  pool_epoch: poolEpoch.describe("random for each start of a pool"),
  worker_epoch: integer(0, 2 ** 31).describe("number of this spawn; 0 for clients"),
  beat_ms: milliseconds.describe("how often each side sends BEAT"),
  dead_after: integer(1, 100).describe("missed beats after which the other side is taken for gone"),
  admin: z.boolean().optional().describe("client: whether it may change the pool"),
});

const running = z.object({
  request_id: requestId,
  attempt,
  step: count.describe("decode steps done"),
  ms: milliseconds.describe("since its computation began"),
});

/** A sign of life and a report. Clients and pools send `seq` only. */
export const beat = z.object({
  seq: count.describe("counts the sender's beats"),
  worker_epoch: workerEpoch.optional(),
  slots_free: count.optional().describe("rows the worker can still take"),
  queued: count.optional().describe("rows it has and has not begun"),
  running: z.array(running).max(256).optional().describe("requests in its hands"),
  progress: count
    .optional()
    .describe("grows with every unit of work; standing still with work in hand means hung"),
  gil_lag_ms: milliseconds
    .optional()
    .describe("how late the beat thread woke: the interpreter lock was held"),
  rss: count.optional().describe("resident bytes of the process"),
  device_bytes: count.optional().describe("bytes allocated on the device"),
  cache_bytes: count.optional().describe("bytes of the vision feature cache"),
  cache_hits: count.optional(),
  cache_misses: count.optional(),
});

/** Opaque to the worker: it comes back as it went. */
export const ping = z.object({ seq: count, worker_epoch: workerEpoch });

/** Finish what is in hand, take nothing new, then leave. */
export const drain = z.object({
  deadline_ms: milliseconds.describe("time left; the worker is killed after it"),
});

/** The sender leaves. */
export const goodbye = z.object({ reason: longText, code: errorCode.optional() });

/** The receiver has to leave. */
export const disconnect = z.object({ reason: longText, code: errorCode });

/** How far a load has come. */
export const progress = z.object({
  worker_epoch: workerEpoch,
  stage: z.enum(["import", "download", "read", "build", "move", "check", "warm"]),
  fraction: fraction.optional().describe("of the stage"),
  file: shortText.optional().describe("the file at hand"),
  loaded_bytes: count.optional(),
  total_bytes: count.optional(),
});
