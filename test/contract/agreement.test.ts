import { beforeAll, describe, expect, it } from "vitest";
import { InstructBlipError } from "../../ts-client/src/errors/index.ts";
import { decodeMessage } from "../../ts-client/src/protocol/index.ts";
import { mutated } from "./mutations.ts";
import { PYTHON_TIMEOUT_MS, readInPython, type Verdict } from "./python-codec.ts";
import { Random } from "./random.ts";
import { SMALL_FRAMES } from "./small-frames.ts";

const SEED = 20_261;
const CASES = 6000;

/** What TypeScript makes of some frames, in the form of {@link Verdict}; anything but PROTOCOL is thrown. */
function readHere(frames: readonly Uint8Array[]): Verdict {
  try {
    const message = decodeMessage(frames);
    if (message === undefined) return null;
    const { tensors: _, ...header } = message.header as { tensors?: unknown };
    return { kind: message.kind, header, frames };
  } catch (error) {
    if (!(error instanceof InstructBlipError) || error.code !== "PROTOCOL") throw error;
    return { path: error.path ?? "" };
  }
}

/**
 * A verdict without what may differ: where several fields are wrong, each language may name another, and frames
 * can be written in more than one way.
 */
function essence(verdict: Verdict): unknown {
  if (verdict === null) return "ignored";
  if ("path" in verdict) return { refused: verdict.path.replace(/^(header\.|tensors).*/, "$1") };
  return { kind: verdict.kind, header: verdict.header };
}

describe("on spoilt messages", () => {
  const random = new Random(SEED);
  const messages = Array.from({ length: CASES }, () =>
    mutated(random.pick(SMALL_FRAMES), random.pick(SMALL_FRAMES), random),
  );
  const here = messages.map(readHere);
  let there: Verdict[] = [];
  beforeAll(async () => {
    there = await readInPython(messages);
  }, PYTHON_TIMEOUT_MS);

  it("TypeScript and Python agree: accepted with the same value, or refused for the same kind of fault", () => {
    for (const [i, verdict] of here.entries()) {
      const name = `seed ${SEED}, case ${i}: ${messages[i]?.map((frame) => Buffer.from(frame).toString("hex"))}`;
      expect(essence(there[i] ?? null), name).toEqual(essence(verdict));
    }
  });

  it("both verdicts are common, so the agreement says something", () => {
    const refused = here.filter((verdict) => verdict !== null && "path" in verdict);
    const stages = new Set(refused.map((verdict) => JSON.stringify(essence(verdict))));
    expect(refused.length).toBeGreaterThan(CASES / 2);
    expect(CASES - refused.length).toBeGreaterThan(CASES / 20);
    expect(stages.size).toBeGreaterThanOrEqual(8);
  });
});
