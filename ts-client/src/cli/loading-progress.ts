import type { Engine, LoadProgress } from "../engine/index.ts";
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

function describe(progress: LoadProgress): string {
  const { workerId, stage, fraction, file, loadedBytes, totalBytes } = progress;
  const what = file === undefined ? "" : ` ${file}`;
  const percent = fraction === undefined ? "" : ` ${Math.floor(fraction * 100)} %`;
  const bytes =
    loadedBytes === undefined || totalBytes === undefined
      ? ""
      : ` (${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB)`;
  return `${workerId}: ${STAGES[stage] ?? stage}${what}${percent}${bytes}`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0);
}

/** Shows on stderr how the workers of an engine come up. Call the result to end the display. */
export function showLoading(
  engine: Pick<Engine, "on">,
  reporter: ProgressReporter = startProgress(),
): () => void {
  const downloading = new Set<string>();
  const listeners = [
    engine.on("workerSpawned", ({ workerId, pid }) => reporter.update(`${workerId}: process ${pid} started`)),
    engine.on("workerLoading", (progress) => {
      // Gigabytes may have to come: in a log, too, this is said at once.
      const begins = progress.stage === "download" && !downloading.has(progress.workerId);
      if (begins) downloading.add(progress.workerId);
      reporter.update(describe(progress), begins ? "milestone" : undefined);
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
