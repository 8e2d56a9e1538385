import type { SetupProgressListener, SetupStage } from "../python/index.ts";
import type { ProgressReporter } from "./progress.ts";

/** Shows a set-up's progress; each new stage is a milestone. */
export function showSetupProgress(reporter: ProgressReporter): SetupProgressListener {
  let stage: SetupStage | undefined;
  return (progress) => {
    const isNewStage = progress.stage !== stage && !(isFetching(stage) && isFetching(progress.stage));
    reporter.update(progress.message, isNewStage ? "milestone" : undefined);
    stage = progress.stage;
  };
}

/** pip resolves and downloads by turns, one package after the other. */
function isFetching(stage: SetupStage | undefined): boolean {
  return stage === "resolve" || stage === "download";
}
