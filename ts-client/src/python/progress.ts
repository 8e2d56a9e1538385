/** The stages of a set-up, in order; `wait` only when another process builds the same environment. */
export type SetupStage =
  | "search"
  | "wait"
  | "create"
  | "resolve"
  | "download"
  | "build"
  | "install"
  | "check"
  | "done";

/** One step of a set-up. */
export interface SetupProgress {
  readonly stage: SetupStage;
  /** One line for people. */
  readonly message: string;
  /** The package at hand. */
  readonly package?: string;
  /** How much of `total` is done: bytes of a download, or packages of an installation. */
  readonly done?: number;
  readonly total?: number;
}

export type SetupProgressListener = (progress: SetupProgress) => void;
