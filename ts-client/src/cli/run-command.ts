import { InstructBlipError } from "../errors/index.ts";
import { EXIT } from "./exit-codes.ts";
import { answerJson, paint, remark } from "./output.ts";

/** What every command gets. */
export interface CommandContext {
  /** Fires on the first Ctrl-C or SIGTERM; the second Ctrl-C ends the process at once. */
  readonly signal: AbortSignal;
}

/** What every command can be asked for. */
export interface CommonOptions {
  /** One JSON document on stdout, for programs. */
  readonly json?: boolean;
}

/**
 * Runs a command's work and turns how it ends into the process's exit code. Errors are one message on stderr; with
 * `--json` also `{ "ok": false, "error": { "code", "message" } }` on stdout.
 *
 * @param work - returns the exit code, or nothing for success
 * @param terminationIsSuccess - SIGTERM is how this command is meant to end
 */
export async function runCommand(
  options: CommonOptions,
  work: (context: CommandContext) => Promise<number | undefined>,
  { terminationIsSuccess = false }: { readonly terminationIsSuccess?: boolean } = {},
): Promise<void> {
  const interruption = watchSignals(terminationIsSuccess);
  try {
    process.exitCode = (await work({ signal: interruption.signal })) ?? EXIT.ok;
  } catch (error) {
    report(error, options);
    process.exitCode = isUsage(error) ? EXIT.usage : EXIT.failure;
  } finally {
    process.exitCode = interruption.exitCode() ?? process.exitCode;
    interruption.stop();
  }
}

function report(error: unknown, options: CommonOptions): void {
  const isOurs = InstructBlipError.isInstance(error);
  const code = isOurs ? error.code : "INTERNAL";
  const message = error instanceof Error ? error.message : String(error);
  if (options.json === true) answerJson({ ok: false, error: { code, message } });
  remark(`${paint(process.stderr, "red", "error:")} ${message}`);
  // A defect of ours is reported with its place; what users can mend is not buried under a stack.
  if (!isOurs && error instanceof Error) remark(error.stack ?? "");
}

/** Whether the command line is what was wrong. */
function isUsage(error: unknown): boolean {
  return InstructBlipError.isInstance(error) && ["INVALID_ARGUMENT", "UNSUPPORTED"].includes(error.code);
}

function watchSignals(terminationIsSuccess: boolean) {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  const listener = (signal: NodeJS.Signals) => {
    if (received !== undefined && signal === "SIGINT") process.exit(EXIT.interrupted);
    received = signal;
    controller.abort(new InstructBlipError("CANCELLED", `Stopped by ${signal}.`));
  };
  process.on("SIGINT", listener);
  process.on("SIGTERM", listener);
  return {
    signal: controller.signal,
    exitCode: () => {
      if (received === undefined) return undefined;
      if (received === "SIGINT") return EXIT.interrupted;
      return terminationIsSuccess ? undefined : EXIT.terminated;
    },
    stop: () => {
      process.off("SIGINT", listener);
      process.off("SIGTERM", listener);
    },
  };
}
