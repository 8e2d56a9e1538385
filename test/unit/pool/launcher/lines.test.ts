import { once } from "node:events";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { followLines } from "../../../../ts-client/src/pool/launcher/lines.ts";

async function linesOf(...parts: (string | Buffer)[]): Promise<string[]> {
  const lines: string[] = [];
  const stream = new PassThrough();
  const closed = followLines(stream, (line) => lines.push(line));
  for (const part of parts) stream.write(part);
  stream.end();
  await closed;
  return lines;
}

describe("a worker's output", () => {
  test("is split at every kind of line end, wherever it is cut", async () => {
    expect(await linesOf("a\nb", "c\r", "\nd\re\n\n", "f")).toEqual(["a", "bc", "d", "e", "f"]);
    const umlaut = Buffer.from("ü\n");
    expect(await linesOf(umlaut.subarray(0, 1), umlaut.subarray(1))).toEqual(["ü"]);
  });

  test("without line ends takes no more memory than a line may", async () => {
    const lines = await linesOf(...Array.from({ length: 1000 }, () => "x".repeat(10_000)), "\nnext");
    expect(lines.map(({ length }) => length)).toEqual([8192, 4]);
  });

  test("that breaks off is no error", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const closed = followLines(stream, (line) => lines.push(line));
    const arrived = once(stream, "data");
    stream.write("whole\nbroken");
    await arrived;
    stream.destroy(new Error("EIO"));
    await expect(closed).resolves.toBeUndefined();
    expect(lines).toEqual(["whole"]);
  });
});
