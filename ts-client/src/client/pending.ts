import type { AnyInputs, Op, PendingSubmission } from "../engine/index.ts";
import type { PartAssembly } from "../protocol/index.ts";

/** A request of this client that is not settled. */
export interface Pending {
  readonly op: Op;
  readonly submission: PendingSubmission;
  readonly submittedAt: number;
  readonly release: () => void;
  readonly abort: AbortController;
  inputs: AnyInputs | undefined;
  prepareMs: number;
  /** Whether the daemon has it. */
  sent: boolean;
  /** Tokens handed to the reader. */
  delivered: number[];
  /** Large outputs, so far as they have come. */
  readonly parts: PartAssembly;
  timer: NodeJS.Timeout | undefined;
}
