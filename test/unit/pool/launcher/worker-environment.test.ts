import { expect, test } from "vitest";
import { workerEnvironment } from "../../../../ts-client/src/pool/launcher/worker-environment.ts";

test("a worker sees what Python and CUDA need, and nothing of the application's", () => {
  const secrets = {
    DATABASE_URL: "canary",
    AWS_SECRET_ACCESS_KEY: "canary",
    NPM_TOKEN: "canary",
    NODE_OPTIONS: "--inspect",
    PYTHONPATH: "/canary",
    PYTHONSTARTUP: "/canary",
    LD_PRELOAD: "/canary.so",
    path: "canary",
  };
  const wanted = { PATH: "/bin", HOME: "/home/x", HF_HOME: "/cache", CUDA_VISIBLE_DEVICES: "1", LC_ALL: "C" };
  const environment = workerEnvironment({ ...secrets, ...wanted, LANG: undefined });
  expect(environment).toEqual({
    ...wanted,
    HF_HUB_DISABLE_TELEMETRY: "1",
    PYTHONUNBUFFERED: "1",
    PYTHONNOUSERSITE: "1",
    TOKENIZERS_PARALLELISM: "false",
  });
});

test("what a worker has of its own wins, and the user's settings of the hub win over ours", () => {
  const parent = { HF_TOKEN: "hf_everybody's", HF_HUB_DISABLE_TELEMETRY: "0" };
  expect(workerEnvironment(parent)).toMatchObject(parent);
  expect(workerEnvironment(parent, { HF_TOKEN: "hf_own" }).HF_TOKEN).toBe("hf_own");
});
