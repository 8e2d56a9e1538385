import type { z } from "zod";
import { describe, InstructBlipError } from "../errors/index.ts";

/**
 * The error for options that a schema refused: names the field, what was expected and what came.
 *
 * @param given - what was checked
 * @param field - where it stands itself; "" at the top
 */
export function wrongOption({ issues }: z.ZodError, given: unknown, field = ""): InstructBlipError {
  const [issue] = issues;
  if (issue?.code === "unrecognized_keys") {
    const path = [field, ...issue.path, issue.keys[0]].filter((part) => part !== "").join(".");
    return new InstructBlipError("INVALID_ARGUMENT", `There is no option \`${path}\`.`, { path });
  }
  const steps = issue?.path ?? [];
  const path = [field, ...steps].filter((part) => part !== "").join(".");
  const value = steps.reduce<unknown>(
    (inner, step) => (inner as Record<PropertyKey, unknown>)?.[step],
    given,
  );
  const message = (issue?.message ?? "").replace(/^[^:]*: expected /, "").replace(/, received .*$/, "");
  return new InstructBlipError(
    "INVALID_ARGUMENT",
    `\`${path}\` is wrong: expected ${message}, but ${describe(value)} was given.`,
    { path },
  );
}
