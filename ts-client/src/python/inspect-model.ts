import { z } from "zod";
import { InstructBlipError, isErrorCode } from "../errors/index.ts";
import { runReport } from "./run-report.ts";

/** What to inspect, and in which precision. */
export interface InspectQuestion {
  readonly source:
    | { readonly kind: "folder"; readonly path: string }
    /** A `config.json` alone. */
    | { readonly kind: "file"; readonly path: string }
    | {
        readonly kind: "hub";
        readonly repo: string;
        readonly revision?: string | undefined;
        readonly cache_dir?: string | undefined;
        readonly offline?: boolean | undefined;
      };
  readonly dtype: "auto" | "float32" | "bfloat16" | "float16";
  /** All of them, where none is named. */
  readonly quantization?: "none" | "int8" | "nf4";
  /** `auto`, `cpu`, `cuda`, `cuda:N` or `mps`. */
  readonly device: string;
  /** Rows a worker would run at once. */
  readonly slots: number;
}

const size = z.int().min(0);

const Part = z.object({
  name: z.string(),
  layers: size.nullable(),
  parameters: size,
  bytes: size,
  /** Bytes by the form they are stored in. */
  forms: z.record(z.string(), size),
});

const Precision = z.object({
  dtype: z.string(),
  quantization: z.string(),
  /** null where no device can do it. */
  weightBytes: size.nullable(),
  neededBytes: size.nullable(),
  devices: z.array(
    z.object({
      device: z.string(),
      fits: z.boolean(),
      /** Rows of ordinary length for which there is memory. */
      rows: size,
      /** Why it cannot be had there, whatever the memory. */
      reason: z.string().nullable(),
    }),
  ),
});

const Report = z.object({
  languageModel: z.string(),
  device: z.string(),
  dtype: z.string(),
  quantization: z.string(),
  library: z.string().nullable(),
  parameters: size,
  /** What the files of a folder hold; null where they are not at hand. */
  storedParameters: size.nullable(),
  /** Why the folder could not be loaded as it is. */
  problem: z.string().nullable(),
  parts: z.array(Part),
  weightBytes: size,
  /** About what computing takes at its height. */
  workingBytes: size,
  /** Keys and values of one row; a token of the prompt may take others than a new one. */
  cache: z.object({
    promptTokenBytes: size,
    newTokenBytes: size,
    promptTokens: size,
    newTokens: size,
    rowBytes: size,
  }),
  /** Weights, computing and one row: a load is refused where less is free. */
  neededBytes: size,
  slots: size,
  machine: z.array(
    z.object({ device: z.string(), name: z.string(), memoryBytes: size, freeMemoryBytes: size }),
  ),
  precisions: z.array(Precision),
});

const Answer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), report: Report }),
  z.object({
    ok: z.literal(false),
    error: z.object({ code: z.string(), message: z.string(), path: z.string().nullable() }),
  }),
]);

/** What a model takes, and whether it fits on this machine. Sizes in bytes. */
export type Inspection = z.infer<typeof Report>;

/** Importing torch may take tens of seconds on a cold disk, and a configuration may have to come from the hub. */
const TIMEOUT_MS = 120_000;

/**
 * Inspects a model without its weights.
 *
 * @param python - the environment's interpreter
 * @throws InstructBlipError with the code that a load would fail with, as `MODEL_NOT_FOUND` or `CONFIG_INVALID`
 */
export async function inspectModel(
  python: string,
  question: InspectQuestion,
  signal?: AbortSignal,
): Promise<Inspection> {
  const answer = await runReport({
    python,
    script: "inspect_model.py",
    args: [JSON.stringify(question)],
    schema: Answer,
    timeoutMs: TIMEOUT_MS,
    signal,
  });
  if (!answer.ok) {
    throw new InstructBlipError("INTERNAL", `The model could not be inspected: ${answer.reason}.`);
  }
  if (answer.value.ok) return answer.value.report;
  const { code, message, path } = answer.value.error;
  throw new InstructBlipError(isErrorCode(code) ? code : "INTERNAL", message, path === null ? {} : { path });
}
