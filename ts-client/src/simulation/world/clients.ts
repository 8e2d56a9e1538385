import type { NewRequest } from "../../scheduler/index.ts";
import type { Script } from "./script.ts";
import type { World } from "./world.ts";

/** The callers: requests come at random times, in floods, twice, wrong, and are given up. */
export class Clients {
  readonly #world: World;
  #submitted = 0;
  #number = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get submitted(): number {
    return this.#submitted;
  }

  /** Submits until the scenario's number is reached; calls back when the pool is to end, and when all is submitted. */
  start(onEnding: () => void, onDone: () => void): void {
    const { agenda, chance, faults, scenario } = this.#world;
    agenda.after(chance.exponential(scenario.arrivalMs), () => {
      const burst = faults.strikes("flood") ? chance.whole(50, 500) : 1;
      for (let index = 0; index < burst && this.#submitted < scenario.requests; index += 1) {
        this.#submit();
        if (this.#submitted === Math.ceil(scenario.requests * scenario.endsAt)) onEnding();
      }
      if (this.#submitted < scenario.requests) this.start(onEnding, onDone);
      else onDone();
    });
  }

  /** An id that was given out lately. */
  recentId(): string {
    return `r${Math.max(0, this.#number - this.#world.chance.whole(0, 50))}`;
  }

  #submit(): void {
    const { agenda, chance, faults, scenario, shell } = this.#world;
    this.#submitted += 1;
    const script = this.#draw();
    const least = Math.min(scenario.serviceMs, scenario.longestDeadlineMs / 2);
    shell.submit(script, chance.logarithmic(least, scenario.longestDeadlineMs));
    if (!faults.strikes("cancel")) return;
    const { id: requestId } = script.request;
    agenda.after(chance.exponential(scenario.serviceMs * 2), () =>
      shell.handle({ type: "cancel", requestId }),
    );
  }

  #draw(): Script {
    const { chance, faults, scenario } = this.#world;
    const { id: modelId, slots } = chance.pick(scenario.models as [(typeof scenario.models)[number]]);
    const repeated = faults.strikes("repeatedId");
    if (!repeated) this.#number += 1;
    const rows = chance.happens(scenario.oversize)
      ? slots + chance.whole(1, 8)
      : chance.happens(scenario.beams)
        ? chance.whole(1, slots)
        : 1;
    // A stream has one row.
    const stream = rows === 1 && chance.happens(scenario.streams);
    const request: NewRequest = {
      id: repeated ? this.recentId() : `r${this.#number}`,
      modelId: faults.strikes("unknownModel") ? "unknown" : modelId,
      batchKey: `k${chance.whole(1, scenario.batchKeys)}`,
      rows,
      stream,
      priority: chance.happens(scenario.priorities) ? chance.whole(-2, 2) : 0,
      deadlineAt: Number.POSITIVE_INFINITY,
      queueTimeoutMs: chance.happens(scenario.queueTimeouts) ? chance.between(1, 2000) : undefined,
      runTimeoutMs: chance.happens(scenario.runTimeouts)
        ? scenario.serviceMs * chance.between(0.5, 10)
        : undefined,
      maxRetries: chance.whole(0, 4),
    };
    return {
      request,
      prepareMs: chance.exponential(3),
      inputsFail: faults.strikes("badInputs"),
      bytes: chance.whole(100, 3000),
      serviceMs: chance.exponential(scenario.serviceMs),
      chunks: stream ? chance.whole(0, 4) : 0,
      poison: faults.strikes("poison"),
    };
  }
}
