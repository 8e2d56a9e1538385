import { InstructBlipError } from "../errors/index.ts";
import { findEnvironment, setupEnvironment } from "../python/index.ts";
import { remark } from "./output.ts";
import { startProgress } from "./progress.ts";
import { showSetupProgress } from "./setup-progress.ts";

/** The interpreter that workers run on; the environment is built first where it is missing. */
export async function readyPython(signal: AbortSignal): Promise<string> {
  try {
    return (await findEnvironment()).python;
  } catch (error) {
    if (!InstructBlipError.isInstance(error) || error.code !== "ENVIRONMENT_MISSING") throw error;
  }
  remark("The Python environment is not set up yet. This is done once and takes some minutes.");
  const progress = startProgress();
  try {
    return (await setupEnvironment({ onProgress: showSetupProgress(progress), signal })).python;
  } finally {
    progress.stop();
  }
}
