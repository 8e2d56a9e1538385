import { expect, test, vi } from "vitest";
import type { LoadProgress } from "../../../ts-client/src/engine/index.ts";
import { resolveDeployment } from "../../../ts-client/src/pool/deployment.ts";
import { EventHub } from "../../../ts-client/src/pool/event-hub.ts";
import { LoadFollowers, loadProgress } from "../../../ts-client/src/pool/load-progress.ts";
import { createLogger } from "../../../ts-client/src/pool/logger.ts";

const header = { worker_epoch: 1, stage: "download", loaded_bytes: 1, total_bytes: 4 } as const;

function setUp() {
  const events = new EventHub(createLogger("off"));
  const emit = (modelId: string) => {
    events.emit("workerLoading", { workerId: "worker-0.1", modelId, ...loadProgress(header) });
  };
  return { followers: new LoadFollowers(events), emit };
}

test("a deployment's callback is told of its own loads, until it is dropped", () => {
  const { followers, emit } = setUp();
  const told: LoadProgress[] = [];
  const progressCallback = (progress: LoadProgress) => void told.push(progress);
  followers.add(resolveDeployment({ source: "scripted:{}", modelId: "mine", progressCallback }));
  followers.add(resolveDeployment({ source: "scripted:{}", modelId: "other" }));
  emit("mine");
  emit("other");
  expect(told).toEqual([
    {
      workerId: "worker-0.1",
      modelId: "mine",
      stage: "download",
      fraction: undefined,
      file: undefined,
      loadedBytes: 1,
      totalBytes: 4,
    },
  ]);
  followers.drop("mine");
  emit("mine");
  expect(told).toHaveLength(1);
});

test("whoever waits for a load that is under way is told for as long", async () => {
  const { followers, emit } = setUp();
  const count = vi.fn();
  let finish: (value: number) => void = () => {};
  const work = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const waiting = followers.during("mine", count, work);
  emit("mine");
  finish(7);
  expect(await waiting).toBe(7);
  emit("mine");
  expect(count).toHaveBeenCalledTimes(1);
});
