import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../../ts-client/src/config/load-config.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(path.join(tmpdir(), "a config "));
});
afterEach(() => rm(cwd, { recursive: true }));

const write = (name: string, text: string) => writeFile(path.join(cwd, name), text);
const load = (options: Parameters<typeof loadConfig>[0] = {}) =>
  loadConfig({ cwd, environment: {}, ...options });

describe("loadConfig", () => {
  it("is empty where nothing is said", async () => {
    expect(await load()).toEqual({ config: {}, file: undefined });
  });

  it("reads a module's default export", async () => {
    await write("instructblip-workers.config.mjs", "export default { workers: 1 + 1 };");
    expect(await load()).toEqual({
      config: { workers: 2 },
      file: path.join(cwd, "instructblip-workers.config.mjs"),
    });
  });

  it("prefers flags to the environment and the environment to the file", async () => {
    await write("instructblip-workers.config.json", '{ "workers": 1, "slots": 1, "dtype": "float32" }');
    const environment = { INSTRUCTBLIP_WORKERS_WORKERS: "2", INSTRUCTBLIP_WORKERS_SLOTS: "2" };
    const { config } = await load({ environment, flags: { workers: 3 } });
    expect(config).toEqual({ workers: 3, slots: 2, dtype: "float32" });
  });

  it("reads every kind of variable", async () => {
    const environment = {
      INSTRUCTBLIP_WORKERS_MODEL: "tiny-shapes-llama",
      INSTRUCTBLIP_WORKERS_DEVICES: "cuda:0, cuda:1",
      INSTRUCTBLIP_WORKERS_OFFLINE: "1",
      INSTRUCTBLIP_WORKERS_MAX_QUEUE: "64",
      INSTRUCTBLIP_WORKERS_NAME: "",
    };
    expect((await load({ environment })).config).toEqual({
      model: "tiny-shapes-llama",
      devices: ["cuda:0", "cuda:1"],
      offline: true,
      maxQueue: 64,
    });
  });

  it("lets one named model stand for no other", async () => {
    await write("given.json", '{ "models": [{ "source": "a" }], "slots": 4 }');
    expect((await load({ file: "given.json", flags: { model: "b" } })).config).toEqual({
      model: "b",
      slots: 4,
    });
    expect((await load({ file: "given.json" })).config.models).toHaveLength(1);
  });

  it.each([
    ["INSTRUCTBLIP_WORKERS_WORKERS", "two"],
    ["INSTRUCTBLIP_WORKERS_DTYPE", "float8"],
    ["INSTRUCTBLIP_WORKERS_OFFLINE", "perhaps"],
  ])("names the variable %s when it is %s", async (name, value) => {
    await expect(load({ environment: { [name]: value } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: `\`${name}\` is wrong: "${value}" was given.`,
    });
  });

  it.each([
    ['{ "worker": 2 }', "has no option `worker`; there are name, endpoint, model, "],
    ['{ "workers": 0 }', "is wrong in `workers`: "],
    ["[]", "is wrong: "],
    ["{", "cannot be read: "],
  ])("names the file when it says %s", async (text, message) => {
    await write("instructblip-workers.config.json", text);
    await expect(load()).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(message),
    });
    await expect(load()).rejects.toThrow(cwd);
  });

  it("misses a file that was asked for, and a default export", async () => {
    await expect(load({ file: "absent.mjs" })).rejects.toThrow(
      `There is no configuration at ${path.join(cwd, "absent.mjs")}.`,
    );
    await write("named.mjs", "export const config = {};");
    await expect(load({ file: "named.mjs" })).rejects.toThrow("has no default export");
  });

  const native = "typescript" in process.features && Boolean(process.features.typescript);
  it.skipIf(native)(
    "says what TypeScript needs where tsx is missing (this Node reads TypeScript itself)",
    async () => {
      await write("instructblip-workers.config.ts", "export default { workers: 2 satisfies number };");
      await expect(load()).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        message: expect.stringContaining("Run `npm install --save-dev tsx`, or rename the file to .mjs."),
      });
    },
  );

  it("reads TypeScript where tsx is installed or Node can", async () => {
    await symlink(
      fileURLToPath(new URL("../../../node_modules", import.meta.url)),
      path.join(cwd, "node_modules"),
    );
    await write("instructblip-workers.config.ts", "export default { workers: 2 satisfies number };");
    expect((await load()).config).toEqual({ workers: 2 });
  });
});
