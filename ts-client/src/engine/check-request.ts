import { z } from "zod";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import { HEADER_SCHEMAS } from "../protocol/index.ts";
import type { AnyRequest, Op } from "./request.ts";

const [generate, , forward] = HEADER_SCHEMAS.SUBMIT.shape.items.element.shape.op.options;
const forwardOptions = forward.pick({ outputs: true, output_dtype: true, interpolate_pos_encoding: true });

/** The options of every operation, as the other side checks them. */
const OPTIONS: { readonly [K in Op]: z.ZodType } = {
  generate: generate.shape.options,
  rank: z.object({}),
  forward: forwardOptions,
  visionForward: forwardOptions,
  qformerForward: forwardOptions,
  imageFeatures: forwardOptions,
};

/**
 * Checks the operation and its options as the other side will.
 *
 * @throws UNSUPPORTED; INVALID_ARGUMENT naming the field
 */
export function checkRequest({ op, options, stream = false }: AnyRequest): void {
  if (!Object.hasOwn(OPTIONS, op)) {
    throw new InstructBlipError("UNSUPPORTED", `There is no operation "${op}".`, { path: "op" });
  }
  if (stream && op !== "generate") {
    throw invalidArgument("stream", `false for the operation "${op}", which has no chunks`, stream);
  }
  const issue = OPTIONS[op].safeParse(options).error?.issues[0];
  if (issue === undefined) return;
  const path = ["options", ...issue.path].join(".");
  throw new InstructBlipError("INVALID_ARGUMENT", `\`${path}\` is wrong: ${issue.message}.`, { path });
}
