import type { PendingSubmission, PreparedInputs } from "../engine/index.ts";

/** A request of this client that is not settled. */
export interface Pending {
  readonly submission: PendingSubmission;
  readonly submittedAt: number;
  readonly release: () => void;
  readonly abort: AbortController;
  inputs: PreparedInputs | undefined;
  prepareMs: number;
  /** Whether the daemon has it. */
  sent: boolean;
  /** Tokens handed to the reader. */
  delivered: number[];
  timer: NodeJS.Timeout | undefined;
}
