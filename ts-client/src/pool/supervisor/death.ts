import { type ErrorCode, InstructBlipError } from "../../errors/index.ts";
import type { HeaderOf } from "../../protocol/index.ts";
import type { WorkerExit } from "../launcher/launcher.ts";

/** Why a worker is gone. */
export interface Death {
  readonly code: ErrorCode;
  /** A sentence for people. */
  readonly message: string;
  /** Whether a new process would fail just the same. */
  readonly permanent: boolean;
}

/** Why the supervisor killed a worker. */
export interface Verdict {
  readonly code: ErrorCode;
  readonly reason: string;
  /** Whether a new process would earn it too. @default false */
  readonly permanent?: boolean;
}

/** Characters of each of a dead worker's last lines that are shown. */
const LINE_SHOWN = 300;

/** Exit codes with a meaning; see the protocol's specification. */
const EXIT_CODES: Readonly<Record<number, { code: ErrorCode; says: string; permanent: boolean }>> = {
  0: { code: "WORKER_LOST", says: "it ended by itself", permanent: false },
  65: { code: "MODEL_LOAD_FAILED", says: "the checkpoint's data is bad", permanent: true },
  66: { code: "MODEL_NOT_FOUND", says: "the checkpoint was not found", permanent: true },
  70: { code: "WORKER_LOST", says: "an internal error ended it", permanent: false },
  71: { code: "CUDA_FATAL", says: "its device failed for good", permanent: false },
  72: { code: "WORKER_LOST", says: "it asked to be replaced", permanent: false },
  75: { code: "WORKER_LOST", says: "it lost its parent", permanent: false },
  77: { code: "PERMISSION_DENIED", says: "the hub does not let it have the checkpoint", permanent: true },
  78: { code: "CONFIG_INVALID", says: "its configuration is wrong", permanent: true },
};

/**
 * Explains a worker's end.
 *
 * @param exit - how the process ended
 * @param verdict - why the supervisor killed it, if it did
 * @param lastError - the last ERROR it sent about itself, if it sent one
 */
export function explainDeath(
  exit: WorkerExit,
  verdict: Verdict | undefined,
  lastError: HeaderOf<"ERROR"> | undefined,
): Death {
  if (verdict !== undefined) {
    const { code, reason, permanent = false } = verdict;
    return { code, message: `The worker was killed: ${reason}.`, permanent };
  }
  if (exit.signal !== undefined) {
    const hint = exit.signal === "SIGKILL" ? " (the system may have run out of memory)" : "";
    return {
      code: "WORKER_LOST",
      message: `The worker was ended by ${exit.signal}${hint}.`,
      permanent: false,
    };
  }
  const known = EXIT_CODES[exit.code ?? -1];
  if (lastError !== undefined) {
    return { code: lastError.code, message: lastError.message, permanent: known?.permanent ?? false };
  }
  const says = known?.says ?? `it ended with exit code ${exit.code}`;
  const tail = exit.stderrTail
    .slice(-5)
    .map((line) => (line.length <= LINE_SHOWN ? line : `${line.slice(0, LINE_SHOWN)}…`))
    .join("\n");
  return {
    code: known?.code ?? "WORKER_LOST",
    message: `The worker died: ${says}.${tail === "" ? "" : `\nIts last lines:\n${tail}`}`,
    permanent: known?.permanent ?? false,
  };
}

/** A death as an error for a caller. */
export function deathError(death: Death, retryAfterMs?: number): InstructBlipError {
  return new InstructBlipError(death.code, death.message, retryAfterMs === undefined ? {} : { retryAfterMs });
}
