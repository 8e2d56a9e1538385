import type { Engine } from "../engine/index.ts";
import { type ProgressReporter, startProgress } from "./progress.ts";

/** What a worker does, for people. */
const STAGES: Readonly<Record<string, string>> = {
  import: "starting Python",
  download: "downloading",
  read: "reading the checkpoint",
  build: "building the model",
  move: "moving the model to its device",
  check: "checking the model",
  warm: "warming up",
};

/** Shows on stderr how the workers of an engine come up. Call the result to end the display. */
export function showLoading(
  engine: Pick<Engine, "on">,
  reporter: ProgressReporter = startProgress(),
): () => void {
  const listeners = [
    engine.on("workerSpawned", ({ workerId, pid }) => reporter.update(`${workerId}: process ${pid} started`)),
    engine.on("workerLoading", ({ workerId, stage, fraction, file }) => {
      const percent = fraction === undefined ? "" : ` ${Math.floor(fraction * 100)} %`;
      const what = file === undefined ? "" : ` ${file}`;
      reporter.update(`${workerId}: ${STAGES[stage] ?? stage}${what}${percent}`);
    }),
    engine.on("workerReady", ({ workerId, loadMs }) => {
      reporter.update(`${workerId}: ready after ${(loadMs / 1000).toFixed(1)} s`, "milestone");
    }),
    engine.on("workerLost", ({ workerId, reason }) => reporter.update(`${workerId}: ${reason}`, "milestone")),
  ];
  return () => {
    for (const listener of listeners) listener[Symbol.dispose]();
    reporter.stop();
  };
}
