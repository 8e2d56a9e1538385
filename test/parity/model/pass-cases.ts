import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Tensor } from "../../../ts-client/src/index.ts";
import { runPython } from "../../support/python.ts";

/** A model as Python makes it: a checkpoint's, or of random weights. */
export type Source = { readonly folder: string } | { readonly config: string; readonly seed: number };

/** A pass that was made, with what went in and what came out, in camelCase. */
export interface PassCase {
  readonly name: string;
  readonly kind: "vision" | "qformer" | "model" | "generate";
  readonly source: Source;
  readonly interpolate?: boolean;
  readonly inputs: object;
  readonly outputs: object;
}

/** How an output differs from transformers'. */
export interface Difference {
  /** The largest number there should be, without its sign. */
  readonly largest: number;
  readonly difference: number;
}

const NUMPY: Readonly<Record<string, string>> = { float32: "f4", int64: "i8", int32: "i4", bool: "u1" };

/** Judges passes by plain transformers, in one process. */
export async function judgePasses(
  cases: readonly PassCase[],
): Promise<Record<string, Record<string, Difference>>> {
  const folder = mkdtempSync(path.join(tmpdir(), "passes-"));
  try {
    let files = 0;
    const write = (tensor: Tensor) => {
      const file = path.join(folder, `${files++}.bin`);
      writeFileSync(file, tensor.bytes());
      return { file, dtype: NUMPY[tensor.dtype], shape: tensor.shape };
    };
    const written = cases.map(({ inputs, outputs, ...rest }) => ({
      ...rest,
      inputs: byName(inputs, write),
      outputs: byName(outputs, write),
    }));
    const [source, target] = ["cases.json", "answers.json"].map((name) => path.join(folder, name));
    writeFileSync(source ?? "", JSON.stringify(written));
    await runPython("parity/model/passes.py", [source ?? "", target ?? ""]);
    return JSON.parse(readFileSync(target ?? "", "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Tensors by transformers' names, those of a part with its name before a dot. */
function byName<T>(tensors: object, map: (tensor: Tensor) => T, before = ""): Record<string, T> {
  const entries = Object.entries(tensors).flatMap(([name, value]): [string, T][] => {
    const snake = before + name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (value === undefined || snake === "language_model_outputs.logits") return [];
    return value instanceof Tensor ? [[snake, map(value)]] : Object.entries(byName(value, map, `${snake}.`));
  });
  return Object.fromEntries(entries);
}
