import { execa } from "execa";
import type { z } from "zod";
import { workerFile } from "./package-root.ts";

/** How to run one of the report scripts under `py-worker/environment/`. */
export interface ReportOptions<T> {
  /** The interpreter: a path, or a name looked up on PATH. */
  readonly python: string;
  /** The script's file name. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly schema: z.ZodType<T>;
  /** @unit milliseconds */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** What came of a report: the value, or why there is none. */
export type Report<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly notFound: boolean };

/**
 * Runs a report script and reads the JSON on its last line of output. The interpreter is isolated (`-I`), so
 * neither PYTHONPATH nor the working folder nor user site-packages colour the answer.
 */
export async function runReport<T>(options: ReportOptions<T>): Promise<Report<T>> {
  const { python, script, args = [], schema, timeoutMs, signal } = options;
  const result = await execa(python, ["-I", workerFile("environment", script), ...args], {
    reject: false,
    stdin: "ignore",
    timeout: timeoutMs,
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  if (result.timedOut) return failure(`it did not answer within ${timeoutMs / 1000} s`);
  if (result.failed) {
    const notFound = result.code === "ENOENT";
    return failure(
      notFound ? "there is no such program" : lastLine(result.stderr) || (result.shortMessage ?? "it failed"),
      notFound,
    );
  }
  const parsed = schema.safeParse(parseJson(lastLine(result.stdout)));
  return parsed.success ? { ok: true, value: parsed.data } : failure("it did not answer like a Python");
}

function failure(reason: string, notFound = false): Report<never> {
  return { ok: false, reason, notFound };
}

function lastLine(output: string | undefined): string {
  return output?.trim().split("\n").at(-1) ?? "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
