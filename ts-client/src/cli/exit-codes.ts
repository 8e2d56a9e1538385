/** How a command ends. */
export const EXIT = {
  ok: 0,
  /** The command ran and did not succeed. */
  failure: 1,
  /** The command line was wrong. */
  usage: 2,
  /** Ended by SIGINT: 128 + 2. */
  interrupted: 130,
  /** Ended by SIGTERM: 128 + 15. */
  terminated: 143,
} as const;
