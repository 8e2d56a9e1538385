import type { AttemptFailure } from "./request.ts";

/** How a request ended. */
export type Outcome =
  | {
      readonly ok: true;
      readonly payload: unknown;
      readonly workerId: string;
      readonly attempt: number;
      /** Time from arrival to the dispatch of the try that succeeded. */
      readonly queueMs: number;
      readonly failures: readonly AttemptFailure[];
    }
  | {
      readonly ok: false;
      readonly code: string;
      readonly message: string;
      readonly path: string | undefined;
      readonly retryAfterMs: number | undefined;
      readonly failures: readonly AttemptFailure[];
      /** The error that stopped the preparation, handed through. */
      readonly failure: unknown;
    };

/** What the shell must do. */
export type SchedulerEffect =
  /** Make the inputs, then report `prepared` or `prepareFailed`. */
  | { readonly type: "prepare"; readonly requestId: string }
  /** Send these to the worker as one batch. */
  | {
      readonly type: "dispatch";
      readonly workerId: string;
      readonly epoch: number;
      readonly items: readonly { readonly requestId: string; readonly attempt: number }[];
    }
  | {
      readonly type: "cancelAttempt";
      readonly workerId: string;
      readonly requestId: string;
      readonly attempt: number;
      readonly reason: string;
    }
  | {
      readonly type: "deliver";
      readonly requestId: string;
      readonly tokens: readonly number[];
      readonly logProbs: readonly number[] | undefined;
    }
  /** The one end of a request. */
  | { readonly type: "settle"; readonly requestId: string; readonly outcome: Outcome }
  /** The worker broke the protocol and must be replaced. */
  | { readonly type: "recycle"; readonly workerId: string; readonly code: string; readonly reason: string }
  | { readonly type: "retried"; readonly requestId: string; readonly failure: AttemptFailure }
  | { readonly type: "overloaded"; readonly queued: number; readonly retryAfterMs: number }
  /** Draining has come to its end. */
  | { readonly type: "drained" };
