import type { Command } from "commander";
import { type CommonOptions, runCommand } from "./run-command.ts";

export interface StatusFlags extends CommonOptions {
  readonly name?: string;
}

/** `status`: what a daemon is doing. */
export function registerStatus(program: Command): void {
  program
    .command("status")
    .summary("show a daemon's workers and queue")
    .description(
      "Shows each worker's process, state, device and work in hand, and the queue. Exit code 1 when no daemon runs.",
    )
    .option("--name <name>", "which daemon (default: default)")
    .option("--json", "print everything as JSON")
    .action((flags: StatusFlags) => {
      return runCommand(flags, async () => {
        const { status } = await import("./status-action.ts");
        return status(flags);
      });
    });
}
