// The Python environment, through the product's own set-up as it is built in `dist`.
import { startProgress } from "../../dist/cli/progress.js";
import { showSetupProgress } from "../../dist/cli/setup-progress.js";
import { setupEnvironment } from "../../dist/python/index.js";

/** Sets up the environment where it is missing, with progress on stderr; ends the process when that fails. */
export async function ensurePython({ dev }) {
  const progress = startProgress();
  try {
    return await setupEnvironment({ dev, onProgress: showSetupProgress(progress) });
  } catch (error) {
    progress.stop();
    process.stderr.write(`error: ${error.message}\n`);
    process.exit(1);
  } finally {
    progress.stop();
  }
}
