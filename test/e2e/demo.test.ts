import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, it } from "vitest";

it("the demo answers its eight questions, describes a picture and ends by itself", async () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const { stdout, stderr } = await execa(process.execPath, ["--import", "tsx", "scripts/demo.ts"], {
    cwd: root,
  });
  expect(stderr).toBe("");
  expect(stdout).toContain("a red circle, a blue square, a green star\n");
  const answers = Array.from(
    stdout.matchAll(/^\w+\.(?:png|jpg) +.*\? +(\w+) +[\d.]+/gm),
    ([, answer]) => answer,
  );
  expect(answers).toEqual(["red", "star", "yes", "three", "yes", "two", "no", "square"]);
});
