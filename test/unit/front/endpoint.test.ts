import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { claimEndpoint } from "../../../ts-client/src/front/endpoint.ts";

let base = "";
const servers: Server[] = [];
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), "run-"));
  vi.stubEnv("XDG_RUNTIME_DIR", base);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  vi.unstubAllEnvs();
  rmSync(base, { recursive: true });
});

function listen(file: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(file, () => resolve(server));
    server.once("error", reject);
    servers.push(server);
  });
}

describe("a daemon's endpoint", () => {
  test("is a new socket in a folder of its own unless one is asked for", async () => {
    const { endpoint, bind, release } = await claimEndpoint(undefined);
    const file = endpoint.slice("ipc://".length);
    await bind(() => listen(file));
    expect(existsSync(file)).toBe(true);
    await release();
    expect(existsSync(path.dirname(file))).toBe(false);
  });

  test("that another process listens on is refused, and stays that one's", async () => {
    const file = path.join(base, "front");
    await listen(file);
    const { bind, release } = await claimEndpoint(`ipc://${file}`);
    await expect(bind(async () => {})).rejects.toMatchObject({ code: "ADDRESS_IN_USE", path: "endpoint" });
    await release();
    expect(existsSync(file)).toBe(true);
  });

  test("is given to one of two that want it at the same time", async () => {
    const file = path.join(base, "front");
    const claims = await Promise.all([claimEndpoint(`ipc://${file}`), claimEndpoint(`ipc://${file}`)]);
    const outcomes = await Promise.allSettled(claims.map(({ bind }) => bind(() => listen(file))));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("that a dead process left behind is taken over", async () => {
    const file = path.join(base, "front");
    const { bind, release } = await claimEndpoint(`ipc://${file}`);
    await bind(async () => listen(file));
    await release();
    expect(existsSync(file)).toBe(false);
  });

  test("that is a file is refused: listening there would delete it", async () => {
    const file = path.join(base, "thesis.txt");
    writeFileSync(file, "years of work");
    const { bind, release } = await claimEndpoint(`ipc://${file}`);
    await expect(bind(async () => {})).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await release();
    expect(existsSync(file)).toBe(true);
  });

  test.each([
    ["tcp://127.0.0.1:5555", "INVALID_ARGUMENT"],
    ["ipc://relative", "INVALID_ARGUMENT"],
    [`ipc:///${"x".repeat(120)}`, "INVALID_ARGUMENT"],
    ["ipc:///no/such/folder/front", "PERMISSION_DENIED"],
  ])("%s is refused with %s", async (endpoint, code) => {
    await expect(claimEndpoint(endpoint)).rejects.toMatchObject({ code });
  });

  test("in a folder that is open to others is refused", async () => {
    const open = path.join(base, "open");
    mkdirSync(open, { mode: 0o755 });
    await expect(claimEndpoint(`ipc://${open}/front`)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });
});
