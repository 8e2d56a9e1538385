import ora from "ora";
import { remark } from "./output.ts";

/** Shows what a long command is doing, on stderr. */
export interface ProgressReporter {
  /** Says what happens now. A milestone is shown at once; other updates may be skipped off a terminal. */
  update(message: string, kind?: "milestone"): void;
  /** Ends the display. */
  stop(): void;
}

/** Off a terminal: at most one ordinary line in this time. @unit milliseconds */
const LINE_EVERY_MS = 3_000;
/** Off a terminal: at least one line in this time, so that silence never looks like a hang. @unit milliseconds */
const HEARTBEAT_MS = 15_000;

/** A spinner on a terminal, plain lines in a log. */
export function startProgress(): ProgressReporter {
  const isInteractive = process.stderr.isTTY && process.env.TERM !== "dumb" && process.env.CI === undefined;
  return isInteractive ? spinner() : plainLines(remark);
}

function spinner(): ProgressReporter {
  // Reading stdin would take Ctrl-C away from the terminal.
  const display = ora({ discardStdin: false, stream: process.stderr }).start();
  return {
    update: (message) => {
      display.text = message;
    },
    stop: () => display.stop(),
  };
}

/** Progress as lines of a log. @param write - gets each line */
export function plainLines(write: (line: string) => void): ProgressReporter {
  const start = Date.now();
  let last = { message: "", at: Number.NEGATIVE_INFINITY };
  let latest = "";
  const show = (line: string) => {
    write(line);
    last = { message: latest, at: Date.now() };
  };
  const heartbeat = setInterval(() => {
    if (Date.now() - last.at < HEARTBEAT_MS) return;
    const seconds = Math.round((Date.now() - start) / 1000);
    show(last.message === latest ? `… still at it after ${seconds} s: ${latest}` : latest);
  }, LINE_EVERY_MS).unref();
  return {
    update: (message, kind) => {
      latest = message;
      const isDue = kind === "milestone" || Date.now() - last.at >= LINE_EVERY_MS;
      if (isDue && message !== last.message) show(message);
    },
    stop: () => clearInterval(heartbeat),
  };
}
