import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WorkerPool } from "../../ts-client/src/index.ts";
import { children, endProcesses, isRunning, NodeProcess, until } from "../support/processes.ts";
import { rawRequest, scripted } from "../support/requests.ts";

let base = "";
/** A picture, and a script that serves the processor of a bundled model. */
const model = fileURLToPath(new URL("../../models/tiny-shapes-t5", import.meta.url));
let picture = "";

beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
  const { default: sharp } = await import("sharp");
  picture = path.join(base, "red.png");
  await sharp({ create: { width: 20, height: 10, channels: 3, background: "red" } }).toFile(picture);
});

afterEach(() => endProcesses());
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

async function daemon(name: string, script: object, ...flags: string[]): Promise<NodeProcess> {
  const source = scripted({ assets: model, ...script });
  const started = NodeProcess.cli("start", "--name", name, "--model", source, "--json", ...flags);
  await started.saying(/"pid"/);
  return started;
}

async function run(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const each = NodeProcess.cli(...args);
  each.child.stdin?.end();
  const code = await each.end();
  return { code, stdout: each.stdout, stderr: each.stderr };
}

/** What a terminal would obey: colours, a spinner's cursor moves. */
const ESCAPE = "\u001b";

describe("the command line with a daemon", () => {
  test("start, ask from two shells at once, status, stop: answers on stdout, the rest on stderr", async () => {
    const started = await daemon("all", { tokens: 3, service_ms: 300 }, "--workers", "2");
    expect(JSON.parse(started.stdout)).toMatchObject({ ok: true, name: "all", pid: started.pid });
    const [plain, json] = await Promise.all([
      run("ask", picture, "What color is it?", "--name", "all"),
      run("ask", picture, "What color is it?", "--name", "all", "--json"),
    ]);
    expect(plain).toMatchObject({ code: 0, stderr: "" });
    expect(plain.stdout).toMatch(/^[^\n]*\n$/);
    expect(json.code).toBe(0);
    const answer = JSON.parse(json.stdout);
    expect(answer).toMatchObject({ attempts: 1, finishReason: expect.anything() });
    expect(`${answer.text}\n`).toBe(plain.stdout);

    const [table, status] = await Promise.all([
      run("status", "--name", "all"),
      run("status", "--name", "all", "--json"),
    ]);
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/2 answered/);
    expect(table.stdout).not.toContain(ESCAPE);
    expect(JSON.parse(status.stdout)).toMatchObject({
      running: true,
      pid: started.pid,
      counts: { completed: 2 },
    });

    const stopped = await run("stop", "--name", "all", "--json");
    expect(stopped.code).toBe(0);
    expect(JSON.parse(stopped.stdout)).toEqual({ ok: true, name: "all", pid: started.pid });
    expect(await started.end()).toBe(0);
    expect(started.stderr).not.toContain(ESCAPE);
    const left = readdirSync(path.join(base, "instructblip-workers"));
    expect(left.filter((name) => name.startsWith("ibw-"))).toEqual([]);
    const gone = await run("status", "--name", "all", "--json");
    expect([gone.code, JSON.parse(gone.stdout)]).toEqual([1, { ok: false, running: false, name: "all" }]);
  });

  test("SIGINT finishes the work in hand and says 130; SIGTERM says 0; a second SIGINT does not wait", async () => {
    const ends = [
      { signals: ["SIGINT"], code: 130, finishes: true },
      { signals: ["SIGTERM"], code: 0, finishes: true },
      { signals: ["SIGINT", "SIGINT"], code: 130, finishes: false },
    ] as const;
    for (const { signals, code, finishes } of ends) {
      const name = signals.join("-");
      const started = await daemon(
        name,
        finishes ? { tokens: 40, token_ms: 25 } : { faults: [{ do: "lose" }] },
      );
      const client = await WorkerPool.connect({ name });
      const request = client.submit(rawRequest([5], { options: { max_new_tokens: 50 } }));
      const outcome = request.then(
        ({ finishReasons }) => finishReasons,
        (error) => error.code,
      );
      await until(async () => (await client.stats()).workers[0]?.inFlight === 1, "it runs");
      const [{ pid = 0 } = {}] = (await client.stats()).workers;
      for (const signal of signals) {
        process.kill(started.pid, signal);
        if (signals.length > 1) await until(() => started.stderr.includes("Finishing"), "it drains");
      }
      expect(await started.end()).toBe(code);
      expect(await outcome).toEqual(finishes ? ["eos"] : "POOL_UNAVAILABLE");
      await until(() => !isRunning(pid), "the worker is gone");
      await client.close();
    }
  });

  test("SIGTERM while the model loads says 0 and leaves nothing", async () => {
    const started = NodeProcess.cli("start", "--name", "early", "--model", scripted({ load_ms: 600_000 }));
    await until(() => started.stderr.includes("reading the checkpoint"), "it loads", 60_000);
    const workers = children(started.pid);
    process.kill(started.pid, "SIGTERM");
    expect(await started.end()).toBe(0);
    expect(started.stdout).toBe("");
    expect(started.stderr).not.toContain("error:");
    await until(() => !workers.some((pid) => isRunning(pid)), "the worker is gone");
  });

  test("a second daemon of the same name ends with 1 and says why", async () => {
    await daemon("one", {});
    const second = await run("start", "--name", "one", "--model", scripted({}), "--json");
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toMatchObject({ ok: false, error: { code: "ADDRESS_IN_USE" } });
    expect(second.stderr).toContain("already running");
    const client = await WorkerPool.connect({ name: "one" });
    expect((await client.models()).map(({ modelId }) => modelId)).toEqual(["scripted"]);
    await client.close();
  });

  test("a daemon that cannot load its model ends with 1, its reason, and no process", async () => {
    const script = scripted({
      load_error: { code: "MODEL_LOAD_FAILED", message: "Cut off.", exit_status: 65 },
    });
    const { code, stdout, stderr } = await run("start", "--name", "bad", "--model", script, "--json");
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      error: { code: "MODEL_LOAD_FAILED", message: "Cut off." },
    });
    expect(stderr).toContain("Cut off.");
  });
});

describe("the command line without a daemon", () => {
  test("ask starts a worker for its one question, and nothing is left of it", async () => {
    const source = scripted({ assets: model, tokens: 3 });
    const { code, stdout, stderr } = await run("ask", picture, "What?", "--model", source, "--json");
    expect(stderr).toMatch(/worker is started/);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ attempts: 1 });
    expect(children().filter((pid) => isRunning(pid))).toEqual([]);
  });

  test.each([
    [["ask", "x.png", "--no-such-flag"], 2, /unknown option/],
    [["ask", "/no/such/picture.png", "What?"], 2, /no\/such\/picture/],
    [["start", "--model", "nonsense"], 1, /nonsense/],
    [["stop", "--name", "nobody"], 1, /No daemon called "nobody"/],
    [["status", "--name", "a b"], 2, /1 to 32 letters/],
  ])("%j ends with %i, an empty stdout and its reason on stderr", async (args, code, reason) => {
    const outcome = await run(...args);
    expect(outcome.stderr).toMatch(reason);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).not.toContain(ESCAPE);
  });
});
