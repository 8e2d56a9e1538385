import { statSync } from "node:fs";
import path from "node:path";
import { InstructBlipError } from "../errors/index.ts";
import { resolveSource } from "../pool/model-source.ts";
import { type InspectQuestion, inspectModel } from "../python/index.ts";
import { readyPython } from "./environment.ts";
import type { InspectFlags } from "./inspect.ts";
import { describeInspection } from "./inspection-text.ts";
import { answer, answerJson, remark } from "./output.ts";
import { startProgress } from "./progress.ts";

/** Prints what a model takes. */
export async function inspect(model: string, flags: InspectFlags, signal: AbortSignal): Promise<undefined> {
  const { dtype, quantization, device, slots } = flags;
  const source = sourceOf(model, flags);
  const python = await readyPython(signal);
  const progress = startProgress();
  progress.update(`Looking at ${model}`, "milestone");
  const question = { source, dtype, device, slots, ...(quantization === undefined ? {} : { quantization }) };
  const inspection = await inspectModel(python, question, signal).finally(() => progress.stop());
  if (flags.json === true) answerJson({ ok: true, model, ...inspection });
  else answer(describeInspection(model, inspection));
  if (inspection.problem !== null) remark(`A load would fail: ${inspection.problem}`);
}

function sourceOf(model: string, flags: InspectFlags): InspectQuestion["source"] {
  const file = path.resolve(model);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return { kind: "file", path: file };
  const { source } = resolveSource({ ...flags, source: model }, (field) => field);
  if (source.kind === "folder" || source.kind === "hub") return source;
  throw new InstructBlipError("MODEL_NOT_FOUND", `There is nothing to inspect in ${model}.`);
}
