import type { EngineEventName, EngineEvents, EngineListener } from "../engine/index.ts";
import type { Logger } from "./logger.ts";

/** Typed listeners; one that throws is logged and disturbs nobody. */
export class EventHub {
  readonly #listeners = new Map<EngineEventName, Set<(event: never) => void>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on<N extends EngineEventName>(name: N, listener: EngineListener<N>): Disposable {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  emit<N extends EngineEventName>(name: N, event: EngineEvents[N]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as EngineListener<N>)(event);
      } catch (error) {
        this.#logger.error(
          `a listener of ${name} threw: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
  }
}
