import { z } from "zod";
import {
  attempt,
  count,
  errorCode,
  fraction,
  longText,
  milliseconds,
  name,
  poolEpoch,
  requestId,
  shortText,
  text,
  workerEpoch,
} from "./common.ts";

const minors = z.object({ min: count, max: count });
const versions = z.record(name, shortText);
const features = z.array(name).max(32);

/** First message on each socket: who dials in, and the proof that it may. */
export const hello = z.object({
  role: z.enum(["worker", "client"]),
  channel: z.enum(["control", "data", "echo", "front"]),
  /** Worker: the id the pool gave it at launch. Client: an id of its own making. */
  peer_id: text(64, 1),
  /** 64 hexadecimal digits: one per spawn for workers, the daemon's key for clients. */
  token: z.string().regex(/^[0-9a-f]{64}$/),
  minors,
  features,
  /** SHA-256 of the sender's schemas; a difference is logged, not refused. */
  schema_hash: text(64),
  pid: count.optional(),
  versions: versions.optional(),
});

/** Answer to HELLO on the control or front socket. */
export const welcome = z.object({
  minor: count,
  features,
  pool_epoch: poolEpoch,
  /** 0 for clients. */
  worker_epoch: z
    .int()
    .min(0)
    .max(2 ** 31),
  /** How often each side sends BEAT. */
  beat_ms: milliseconds,
  /** Missed beats after which the other side is taken for gone. */
  dead_after: z.int().min(1).max(100),
  /** Client: what it may do. */
  admin: z.boolean().optional(),
});

/** One request in a worker's hands, as its BEAT reports it. */
const running = z.object({ request_id: requestId, attempt, step: count, ms: milliseconds });

/** A sign of life and a report. Clients and pools send `seq` only. */
export const beat = z.object({
  seq: count,
  worker_epoch: workerEpoch.optional(),
  /** Rows the worker can still take. */
  slots_free: count.optional(),
  queued: count.optional(),
  running: z.array(running).max(256).optional(),
  /** Grows with every unit of work; standing still with work in hand means hung. */
  progress: count.optional(),
  /** How late the beat thread woke up: the interpreter lock was held. */
  gil_lag_ms: milliseconds.optional(),
  /** Resident bytes of the process. */
  rss: count.optional(),
  /** Bytes allocated on the device. */
  device_bytes: count.optional(),
  cache_bytes: count.optional(),
  cache_hits: count.optional(),
  cache_misses: count.optional(),
});

/** Opaque to the worker: it comes back as it went. */
export const ping = z.object({ seq: count, worker_epoch: workerEpoch });

export const drain = z.object({ deadline_ms: milliseconds });
export const goodbye = z.object({ reason: longText, code: errorCode.optional() });
export const disconnect = z.object({ reason: longText, code: errorCode });

/** How far a load has come. */
export const progress = z.object({
  worker_epoch: workerEpoch,
  stage: z.enum(["import", "download", "read", "build", "move", "check", "warm"]),
  fraction: fraction.optional(),
  file: shortText.optional(),
  loaded_bytes: count.optional(),
  total_bytes: count.optional(),
});
