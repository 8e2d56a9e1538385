import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runPython } from "../support/python.ts";

/** Two seconds on an idle machine; tests must not fail on a busy one. */
export const PYTHON_TIMEOUT_MS = 180_000;

/** What a reader makes of some frames. */
export type Verdict =
  | { readonly kind: string; readonly header: unknown; readonly frames: readonly Uint8Array[] }
  | { readonly path: string }
  | null;

/** What Python makes of some messages: one process for all of them. */
export async function readInPython(messages: ReadonlyArray<readonly Uint8Array[]>): Promise<Verdict[]> {
  const folder = await mkdtemp(join(tmpdir(), "instructblip-workers-contract-"));
  try {
    const file = join(folder, "messages");
    const lines = messages.map((frames) => JSON.stringify(frames.map(hex)));
    await writeFile(file, lines.join("\n"));
    const output = await runPython("contract/codec.py", [file]);
    return output.trimEnd().split("\n").map(verdictOf);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function verdictOf(line: string): Verdict {
  const verdict = JSON.parse(line);
  if (verdict === null || "path" in verdict) return verdict;
  return { ...verdict, frames: verdict.frames.map((digits: string) => Buffer.from(digits, "hex")) };
}

function hex(frame: Uint8Array): string {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("hex");
}
