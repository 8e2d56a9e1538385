import type { EngineEvents, EngineListener, LoadProgress } from "../engine/index.ts";
import type { HeaderOf } from "../protocol/index.ts";
import type { Deployment } from "./deployment.ts";

/** A PROGRESS message in the words of the public interface. */
export function loadProgress(header: HeaderOf<"PROGRESS">): Omit<LoadProgress, "workerId" | "modelId"> {
  const { stage, fraction, file, loaded_bytes, total_bytes } = header;
  return { stage, fraction, file, loadedBytes: loaded_bytes, totalBytes: total_bytes };
}

/** Where the callbacks of deployments get their news from. */
interface Events {
  on(name: "workerLoading", listener: EngineListener<"workerLoading">): Disposable;
}

/** Tells the callbacks of deployments how their loads come on. */
export class LoadFollowers {
  readonly #events: Events;
  readonly #following = new Map<string, Disposable>();

  constructor(events: Events) {
    this.#events = events;
  }

  /** Tells a deployment's callback of all its loads, until it is dropped. */
  add({ modelId, progressCallback }: Deployment): void {
    if (progressCallback === undefined) return;
    this.#following.set(modelId, this.#follow(modelId, progressCallback));
  }

  drop(modelId: string): void {
    this.#following.get(modelId)?.[Symbol.dispose]();
    this.#following.delete(modelId);
  }

  /** Tells one more callback of a deployment's loads, for as long as something takes. */
  async during<T>(modelId: string, callback: Deployment["progressCallback"], work: Promise<T>): Promise<T> {
    const following = callback === undefined ? undefined : this.#follow(modelId, callback);
    try {
      return await work;
    } finally {
      following?.[Symbol.dispose]();
    }
  }

  #follow(modelId: string, callback: (progress: EngineEvents["workerLoading"]) => void): Disposable {
    return this.#events.on("workerLoading", (progress) => {
      if (progress.modelId === modelId) callback(progress);
    });
  }
}
