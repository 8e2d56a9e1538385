import type { Engine, LoadProgress } from "../engine/index.ts";

/** Between two looks at the daemon's figures. @unit milliseconds */
const INTERVAL_MS = 250;

/**
 * Tells a callback how the workers of a daemon load while a promise is pending: those of models that were not
 * served before.
 */
export async function followLoad<T>(
  daemon: Pick<Engine, "models" | "stats">,
  loading: Promise<T>,
  callback: (progress: LoadProgress) => void,
): Promise<T> {
  const told = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const look = async (served: ReadonlySet<string>) => {
    const { workers } = await daemon.stats();
    for (const { workerId, modelId, progress } of workers) {
      const now = JSON.stringify(progress);
      if (isOver || progress === undefined || served.has(modelId) || told.get(workerId) === now) continue;
      told.set(workerId, now);
      callback({
        ...{ fraction: undefined, file: undefined, loadedBytes: undefined, totalBytes: undefined },
        ...progress,
        workerId,
        modelId,
      });
    }
  };
  const follow = async () => {
    const served = new Set((await daemon.models()).map(({ modelId }) => modelId));
    while (!isOver) {
      await look(served);
      await new Promise<void>((resolve) => {
        timer = setTimeout(resolve, INTERVAL_MS);
        loading.then(
          () => resolve(),
          () => resolve(),
        );
      });
    }
  };
  // What goes wrong here goes wrong with the load, too, which tells of it.
  const following = follow().catch(() => {});
  try {
    return await loading;
  } finally {
    isOver = true;
    clearTimeout(timer);
    await following;
  }
}
