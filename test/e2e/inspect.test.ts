import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../ts-client/src/python/index.ts";
import { NodeProcess } from "../support/processes.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "inspect-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function inspect(...args: string[]) {
  const each = NodeProcess.cli("inspect", ...args);
  each.child.stdin?.end();
  const code = await each.end();
  return { code, stdout: each.stdout, stderr: each.stderr };
}

/** The bundled LLaMA checkpoint's configuration, with a vocabulary that would fill any machine. */
function enormous(): string {
  const config = readFileSync(path.join(packageRoot(), "models", "tiny-shapes-llama", "config.json"), "utf8");
  const copy = path.join(folder, "config.json");
  writeFileSync(copy, config.replace('"vocab_size": 1408', '"vocab_size": 4000000000'));
  return copy;
}

describe("inspect", () => {
  test("tells of a model for people and for programs, and what does not fit", async () => {
    const [text, json, missing] = await Promise.all([
      inspect("tiny-shapes-t5", "--quantization", "int8", "--slots", "3"),
      inspect(enormous(), "--dtype", "float16", "--device", "cpu", "--json"),
      inspect(path.join(folder, "nothing")),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: expect.stringMatching(/^Looking at/) });
    expect(text.stdout).toContain("tiny-shapes-t5: InstructBLIP with T5, 3.61 M parameters");
    expect(text.stdout).toMatch(/^vision encoder +4 +1\.10 M/m);
    expect(text.stdout).toMatch(/^language model head +tied$/m);
    expect(text.stdout).toMatch(/^with 3 rows/m);
    expect(text.stdout).toMatch(/^bfloat16, int8 +6\.5 MB +\S+ MB +fits, up to \d+ rows/m);
    expect(text.stdout).not.toContain("nf4");

    expect(json.code).toBe(0);
    const report = JSON.parse(json.stdout);
    expect(report).toMatchObject({
      ok: true,
      dtype: "float16",
      quantization: "none",
      storedParameters: null,
      slots: 8,
      machine: [{ device: "cpu" }],
    });
    expect(report.weightBytes).toBeGreaterThan(2e12);
    expect(report.precisions).toHaveLength(3);
    expect(report.precisions[0].devices).toEqual([{ device: "cpu", fits: false, rows: 0, reason: null }]);

    expect(missing).toMatchObject({ code: 1, stdout: "" });
    expect(missing.stderr).toContain("There is no model");
  });
});
