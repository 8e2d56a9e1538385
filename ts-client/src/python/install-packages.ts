import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { environmentPython } from "./locations.ts";
import { pipFailure } from "./pip-failure.ts";
import { pipProgressReader } from "./pip-progress.ts";
import { environmentFailed } from "./problems.ts";
import type { SetupProgress, SetupProgressListener } from "./progress.ts";
import { runModule } from "./run-module.ts";

/** The environment under construction. */
export interface Site {
  readonly directory: string;
  /** File that keeps the output of every step. */
  readonly log: string;
  readonly onProgress: SetupProgressListener;
  readonly signal: AbortSignal;
}

/** The first pip that can report bytes on lines of their own. */
const RAW_PROGRESS_SINCE = { major: 24, minor: 1 };
const POLL_MS = 500;

/**
 * Runs `pip install` in the environment, with the user's own settings.
 *
 * @param args - what to install, and where from when it is not to be pip's own choice
 * @throws InstructBlipError `ENVIRONMENT_FAILED`
 */
export async function pipInstall(
  site: Site,
  pipVersion: string | undefined,
  args: readonly string[],
): Promise<void> {
  const read = pipProgressReader();
  const watch = new InstallationWatch(site);
  const onLine = (line: string) => {
    const progress = read(line);
    if (progress === undefined) return;
    if (progress.stage === "install") watch.start(progress.total ?? 0);
    site.onProgress(progress);
  };
  const python = environmentPython(site.directory);
  const bar = reportsBytes(pipVersion) ? "raw" : "off";
  try {
    const result = await runModule({
      python,
      module: "pip",
      args: ["install", "--progress-bar", bar, ...args],
      log: site.log,
      onLine,
      signal: site.signal,
    });
    if (!result.ok) throw environmentFailed(pipFailure(result.lines, site));
  } finally {
    watch.stop();
  }
}

/** pip is silent while it unpacks, for a minute with torch: this counts the packages that have arrived. */
class InstallationWatch {
  readonly #site: Site;
  #timer: NodeJS.Timeout | undefined;

  constructor(site: Site) {
    this.#site = site;
  }

  start(total: number): void {
    let before: number | undefined;
    let reported = 0;
    this.#timer = setInterval(async () => {
      const count = await countDistributions(this.#site.directory);
      before ??= count;
      const done = Math.min(Math.max(count - before, 0), total);
      if (done === reported || this.#timer === undefined) return;
      reported = done;
      this.#site.onProgress(installed(done, total));
    }, POLL_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function installed(done: number, total: number): SetupProgress {
  return { stage: "install", message: `Installing packages: ${done} of ${total}`, done, total };
}

async function countDistributions(directory: string): Promise<number> {
  const parent = process.platform === "win32" ? join(directory, "Lib") : join(directory, "lib");
  try {
    const [inner = ""] = process.platform === "win32" ? [""] : await readdir(parent);
    const names = await readdir(join(parent, inner, "site-packages"));
    return names.filter((name) => name.endsWith(".dist-info")).length;
  } catch {
    return 0;
  }
}

function reportsBytes(pipVersion: string | undefined): boolean {
  const [major = 0, minor = 0] = (pipVersion ?? "").split(".").map(Number);
  return (
    major > RAW_PROGRESS_SINCE.major ||
    (major === RAW_PROGRESS_SINCE.major && minor >= RAW_PROGRESS_SINCE.minor)
  );
}
