import { InstructBlipError } from "../errors/index.ts";
import { HEADER_SCHEMAS } from "../protocol/index.ts";
import type { Request } from "./request.ts";

const { op: operation, options: generation } = HEADER_SCHEMAS.SUBMIT.shape.items.element.shape;

/**
 * Checks the operation and its options as the other side will.
 *
 * @throws UNSUPPORTED; INVALID_ARGUMENT naming the field
 */
export function checkRequest({ op, options }: Request<"generate">): void {
  if (!operation.safeParse(op).success) {
    throw new InstructBlipError("UNSUPPORTED", `There is no operation "${op}".`, { path: "op" });
  }
  const issue = generation.safeParse(options).error?.issues[0];
  if (issue === undefined) return;
  const path = ["options", ...issue.path].join(".");
  throw new InstructBlipError("INVALID_ARGUMENT", `\`${path}\` is wrong: ${issue.message}.`, { path });
}
