import { expect, test } from "vitest";
import { followLoad } from "../../../ts-client/src/client/follow-load.ts";
import type { LoadProgress, PoolStats, WorkerStats } from "../../../ts-client/src/engine/index.ts";

/** A daemon whose workers are further on at every look. */
function daemon(looks: readonly Partial<WorkerStats>[][]) {
  let at = 0;
  return {
    models: async () => [{ modelId: "old" }] as never,
    stats: async () => {
      const workers = looks[Math.min(at++, looks.length - 1)];
      return { workers } as unknown as PoolStats;
    },
    get looked() {
      return at;
    },
  };
}

const loading = (fraction: number): WorkerStats["progress"] => ({
  stage: "download",
  fraction,
  file: "model.safetensors",
  loadedBytes: fraction * 100,
  totalBytes: 100,
});

test("a daemon's load is told of as it comes on, once for every news, and of new models only", async () => {
  const others = { workerId: "worker-0.1", modelId: "old", progress: loading(0.9) };
  const mine = (progress: WorkerStats["progress"]) => ({ workerId: "worker-1.1", modelId: "new", progress });
  const it = daemon([
    [others, mine(undefined)],
    [others, mine(loading(0.25))],
    [others, mine(loading(0.25))],
    [others, mine(loading(0.5))],
  ]);
  const told: LoadProgress[] = [];
  let finish: (value: string) => void = () => {};
  const work = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const result = followLoad(it, work, (progress) => {
    told.push(progress);
    if (progress.fraction === 0.5) finish("served");
  });
  expect(await result).toBe("served");
  expect(told).toEqual([
    { ...loading(0.25), workerId: "worker-1.1", modelId: "new" },
    { ...loading(0.5), workerId: "worker-1.1", modelId: "new" },
  ]);
  expect(it.looked).toBe(4);
});

test("a load that fails fails with its own reason, whatever became of the figures", async () => {
  const silent = {
    models: async () => [],
    stats: () => Promise.reject(new Error("the daemon is gone")),
  };
  await expect(followLoad(silent, Promise.reject(new Error("no such model")), () => {})).rejects.toThrow(
    "no such model",
  );
});
