import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { LaunchedWorker } from "../../../../ts-client/src/pool/launcher/launcher.ts";
import { LocalLauncher } from "../../../../ts-client/src/pool/launcher/local-launcher.ts";
import { isRunning, until } from "../../../support/processes.ts";

const folder = mkdtempSync(path.join(tmpdir(), "launcher-"));
const started: LaunchedWorker[] = [];
afterEach(() => {
  for (const worker of started.splice(0)) worker.kill();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Launches a script of Node in the place of a worker. */
async function launch(script: string, python = process.execPath): Promise<LaunchedWorker> {
  const server = path.join(folder, "server.cjs");
  writeFileSync(server, script);
  const silent = () => {};
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const worker = await new LocalLauncher({ python, server, logger }).launch({
    workerId: "worker-0.1",
    token: "a".repeat(64),
    poolEpoch: "0".repeat(16),
    environment: { HF_TOKEN: "hf_of-this-worker" },
    endpoints: { control: "ipc:///c", data: "ipc:///d", echo: "ipc:///e" },
  });
  started.push(worker);
  return worker;
}

const out = path.join(folder, "out.json");
const WRITE = `const write = (value) => require("node:fs").writeFileSync(${JSON.stringify(out)}, JSON.stringify(value));`;
const read = () => JSON.parse(readFileSync(out, "utf8"));

describe("the local launcher", () => {
  test("hands over the launch line on stdin, in an environment without the application's secrets", async () => {
    process.env.CANARY_SECRET = "canary";
    const worker = await launch(`${WRITE}
      process.stdin.once("data", (line) => { write({ line: JSON.parse(line), env: process.env, argv: process.argv }); process.exit(72); });`);
    delete process.env.CANARY_SECRET;
    expect(await worker.exited).toMatchObject({ code: 72, signal: undefined });
    const { line, env, argv } = read();
    expect(line).toMatchObject({ worker_id: "worker-0.1", token: "a".repeat(64), parent_pid: process.pid });
    expect(JSON.stringify(env)).not.toContain("canary");
    expect(env.HF_TOKEN).toBe("hf_of-this-worker");
    expect(JSON.stringify([line, argv])).not.toContain("hf_of-this-worker");
    expect(JSON.stringify(argv)).not.toContain("a".repeat(64));
  });

  test("keeps the last lines of both streams for the report of a death", async () => {
    const worker = await launch(`
      for (let i = 0; i < 100; i++) console.error("line " + i);
      console.log("on stdout\\u001b[31m");
      process.exitCode = 66;`);
    const { code, stderrTail } = await worker.exited;
    expect(code).toBe(66);
    expect(stderrTail).toHaveLength(40);
    expect(stderrTail).toContain("line 99");
    expect(stderrTail).toContain("on stdout");
  });

  test("sees a worker's end though a child of it holds the pipes open, and kills that child with the group", async () => {
    const worker = await launch(`${WRITE}
      const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
      write({ pid: child.pid });
      setTimeout(() => process.exit(70), 50);`);
    expect(await worker.exited).toMatchObject({ code: 70 });
    const { pid } = read();
    expect(isRunning(pid)).toBe(true);
    worker.kill();
    await until(() => !isRunning(pid), "the grandchild is gone");
  });

  test("asks with SIGTERM, ends with SIGKILL, and either twice", async () => {
    const worker = await launch(
      `process.on("SIGTERM", () => console.log("no")); setInterval(() => {}, 1000); console.log("up");`,
    );
    worker.terminate();
    worker.kill();
    expect(await worker.exited).toMatchObject({ code: undefined });
    expect(() => {
      worker.terminate();
      worker.kill();
    }).not.toThrow();
  });

  test("a Python that is not there is an error that names it", async () => {
    await expect(launch("", "/no/such/python")).rejects.toMatchObject({
      code: "POOL_UNAVAILABLE",
      message: expect.stringContaining("/no/such/python"),
    });
  });
});
