import type { NewRequest } from "./request.ts";

/** What happened, told by the shell. */
export type SchedulerEvent =
  | { readonly type: "submit"; readonly request: NewRequest }
  | { readonly type: "prepared"; readonly requestId: string; readonly bytes: number }
  | { readonly type: "prepareFailed"; readonly requestId: string; readonly failure: unknown }
  | { readonly type: "cancel"; readonly requestId: string }
  | {
      readonly type: "workerReady";
      readonly workerId: string;
      readonly modelId: string;
      readonly epoch: number;
      readonly slots: number;
    }
  | { readonly type: "workerAccepting"; readonly workerId: string; readonly accepting: boolean }
  | {
      readonly type: "workerLost";
      readonly workerId: string;
      readonly epoch: number;
      readonly code: string;
      readonly message: string;
    }
  | { readonly type: "modelAdded"; readonly modelId: string }
  | { readonly type: "modelRemoved"; readonly modelId: string }
  /** No worker of the model will come for a while. */
  | {
      readonly type: "modelFailed";
      readonly modelId: string;
      readonly code: string;
      readonly message: string;
      readonly retryAfterMs: number | undefined;
    }
  | {
      readonly type: "chunk";
      readonly workerId: string;
      readonly epoch: number;
      readonly requestId: string;
      readonly attempt: number;
      readonly seq: number;
      readonly tokens: readonly number[];
      readonly logProbs?: readonly number[] | undefined;
    }
  | {
      readonly type: "result";
      readonly workerId: string;
      readonly epoch: number;
      readonly requestId: string;
      readonly attempt: number;
      readonly chunks: number;
      /** The answer itself, handed through. */
      readonly payload: unknown;
    }
  | {
      readonly type: "error";
      readonly workerId: string;
      readonly epoch: number;
      readonly requestId: string;
      readonly attempt: number;
      readonly code: string;
      readonly message: string;
      readonly path: string | undefined;
    }
  | { readonly type: "tick" }
  | { readonly type: "drain" }
  | { readonly type: "close" };
