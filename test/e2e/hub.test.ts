import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type LoadProgress, WorkerPool } from "../../ts-client/src/index.ts";
import { StandInHub } from "../support/hub.ts";
import { children, endProcesses, NodeProcess } from "../support/processes.ts";

/** What the stand-in wants to see before it gives out what is private or gated. */
const TOKEN = "hf_a-token-that-nobody-may-see";
const BAD_TOKEN = "hf_of-somebody-else";

let base = "";
let picture = "";
let hub: StandInHub;

beforeAll(async () => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  hub = await StandInHub.start("tiny-shapes-t5");
  vi.stubEnv("XDG_RUNTIME_DIR", base);
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_HOME", path.join(base, "hf"));
  vi.stubEnv("HF_HUB_DISABLE_XET", "1");
  const { default: sharp } = await import("sharp");
  picture = path.join(base, "red.png");
  await sharp({ create: { width: 20, height: 10, channels: 3, background: "red" } }).toFile(picture);
});

afterEach(() => endProcesses());

afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

async function run(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const each = NodeProcess.cli(...args);
  each.child.stdin?.end();
  const code = await each.end();
  return { code, stdout: each.stdout, stderr: each.stderr };
}

describe("a model from the hub", () => {
  test("is downloaded by start, told of as it comes, asked, and there offline later", async () => {
    const cache = path.join(base, "cache");
    const flags = ["--model", "someone/tiny", "--revision", "v2", "--cache-dir", cache, "--device", "cpu"];
    const started = NodeProcess.cli("start", "--name", "hub", "--json", ...flags);
    await started.saying(/"pid"/);
    expect(started.stderr).toMatch(/worker-0\.1: downloading/);
    const asked = await run("ask", picture, "What color is it?", "--name", "hub", "--json");
    expect(asked.code).toBe(0);

    const client = await WorkerPool.connect({ name: "hub" });
    expect(await client.models()).toMatchObject([{ source: "someone/tiny", revision: "v2" }]);
    const told: LoadProgress[] = [];
    const loaded = await client.load({
      source: "someone/stuck-for-a-while",
      token: TOKEN,
      devices: ["cpu"],
      progressCallback: (progress) => void told.push(progress),
    });
    expect(loaded).toMatchObject({ modelId: "stuck-for-a-while", languageModel: "t5" });
    const download = told.filter(({ stage }) => stage === "download");
    expect(download).toContainEqual(
      expect.objectContaining({ modelId: "stuck-for-a-while", file: "model.safetensors" }),
    );
    expect(Math.max(...download.map(({ totalBytes = 0 }) => totalBytes))).toBeGreaterThan(24_000_000);
    expect(told.at(-1)?.stage).not.toBe("download");
    expect(JSON.stringify([await client.models(), await client.stats()])).not.toContain(TOKEN);
    for (const pid of children(started.pid)) {
      expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain(TOKEN);
    }
    await client.close();
    await run("stop", "--name", "hub");
    expect(started.stdout + started.stderr).not.toContain(TOKEN);

    const fetched = await hub.stop();
    const tiny = fetched.filter(({ repo }) => repo === "someone/tiny");
    expect(tiny.map(({ file }) => file)).toContain("model.safetensors");
    expect(new Set(tiny.map(({ token }) => token))).toEqual(new Set([null]));
    const other = fetched.filter(({ repo }) => repo !== "someone/tiny");
    expect(new Set(other.map(({ token }) => token))).toEqual(new Set([TOKEN]));

    const later = await run("ask", picture, "What color is it?", "--json", "--offline", ...flags);
    expect(later.code).toBe(0);
    expect(JSON.parse(later.stdout).text).toBe(JSON.parse(asked.stdout).text);
    hub = await StandInHub.start("tiny-shapes-t5");
    vi.stubEnv("HF_ENDPOINT", hub.url);
  });

  test("that may not be had ends start with 1, and says why", async () => {
    const gated = await run("start", "--name", "gated", "--model", "someone/gated", "--json");
    expect(gated.code).toBe(1);
    expect(JSON.parse(gated.stdout)).toMatchObject({
      ok: false,
      error: {
        code: "PERMISSION_DENIED",
        message: expect.stringMatching(/gated: accept its terms.*HF_TOKEN/),
      },
    });

    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const failed = WorkerPool.start({
      model: "someone/private",
      token: BAD_TOKEN,
      devices: ["cpu"],
      logger: { debug: log, info: log, warn: log, error: log },
      logLevel: "debug",
    });
    await expect(failed).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    await failed.catch((error) => expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain(BAD_TOKEN));
    expect(lines.join("\n")).toContain("does not know the token");
    expect(lines.join("\n")).not.toContain(BAD_TOKEN);
    await hub.stop();
  });
});
