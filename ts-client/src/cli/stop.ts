import type { Command } from "commander";
import { wholeNumber } from "./deployment-options.ts";
import { type CommonOptions, runCommand } from "./run-command.ts";

export interface StopFlags extends CommonOptions {
  readonly name?: string;
  readonly timeout: number;
}

/** `stop`: ends a daemon. */
export function registerStop(program: Command): void {
  program
    .command("stop")
    .summary("end a daemon")
    .description(
      "Asks a daemon to finish the work in hand and end, and waits until it has. Exit code 1 when none runs.",
    )
    .option("--name <name>", "which daemon (default: default)")
    .option("--timeout <ms>", "how long to wait for its end", wholeNumber(1), 60_000)
    .option("--json", "print the result as JSON")
    .action((flags: StopFlags) => {
      return runCommand(flags, async ({ signal }) => {
        const { stop } = await import("./stop-action.ts");
        return stop(flags, signal);
      });
    });
}
