import { createState } from "../scheduler/index.ts";
import { InvariantChecker, type Violation } from "./invariants/invariant-checker.ts";
import { TraceHash } from "./trace-hash.ts";
import { Agenda } from "./world/agenda.ts";
import { Chance } from "./world/chance.ts";
import { Clients } from "./world/clients.ts";
import { type FaultName, Faults } from "./world/faults.ts";
import { drawScenario } from "./world/scenario.ts";
import { type SchedulerFunctions, SimulatedShell } from "./world/simulated-shell.ts";
import { WorkerPlace } from "./world/worker-place.ts";
import type { World } from "./world/world.ts";

export interface SimulateOptions {
  /** Picks the pool, its clients, the faults, and every chance in the run. */
  readonly seed: number;
  /** Requests to submit. @default 4000 */
  readonly requests?: number;
  /** Share of the kinds of fault that are in the run. @default drawn: none, a third or all of them */
  readonly faultShare?: number;
  /** Functions to test in the scheduler's place. @default the scheduler's own */
  readonly functions?: SchedulerFunctions;
}

/** What happened in a simulation. */
export interface SimulationReport {
  readonly seed: number;
  /** Requests that were submitted, and the settlements of all of them by "ok" or error code. */
  readonly requests: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Steps of the scheduler. */
  readonly events: number;
  readonly faults: ReadonlyMap<FaultName, number>;
  /** Messages that were dropped as being of the past. */
  readonly stale: number;
  /** @unit milliseconds */
  readonly virtualMs: number;
  /** Equal for equal runs. */
  readonly trace: string;
  /** Empty, or the scheduler has a defect. */
  readonly violations: readonly Violation[];
}

/** No run needs longer to come to rest once the faults have stopped: the longest deadline is 10 minutes. */
const REST_MS = 20 * 60_000;
const SECOND_MS = 1000;

/**
 * Runs the scheduler against simulated workers, clients and faults on a virtual clock, and checks each step.
 *
 * The faults stop when all requests are submitted; then everything must come to rest with nothing left.
 */
export function simulate(options: SimulateOptions): SimulationReport {
  const { seed, requests = 4000, functions } = options;
  const chance = new Chance(seed);
  const scenario = drawScenario(chance, requests);
  const faults = new Faults(chance, options.faultShare ?? chance.pick([0, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 1]));
  const agenda = new Agenda();
  const trace = new TraceHash();
  const state = createState(scenario.policy, seed);
  const checker = new InvariantChecker(state.policy);
  const shell = new SimulatedShell(state, checker, trace, functions);
  const places: WorkerPlace[] = [];
  const world: World = {
    agenda,
    chance,
    faults,
    scenario,
    shell,
    places,
    accepting: (workerId, epoch, accepting) => {
      const place = places.find((each) => each.workerId === workerId);
      if (place?.epoch === epoch && place.isUp)
        shell.handle({ type: "workerAccepting", workerId, accepting });
    },
    placeGivenUp: (modelId) => {
      if (places.some((place) => place.modelId === modelId && place.isUp)) return;
      const message = "Workers keep dying.";
      shell.handle({ type: "modelFailed", modelId, code: "CRASH_LOOP", message, retryAfterMs: 5000 });
    },
    someRequestId: () => clients.recentId(),
  };
  const clients = new Clients(world);
  shell.attach(world);
  for (const model of scenario.models) {
    shell.handle({ type: "modelAdded", modelId: model.id });
    for (let index = 0; index < model.workers; index += 1) {
      const place = new WorkerPlace(world, `${model.id}w${index}`, model.id, model.slots);
      places.push(place);
      place.start(chance.between(0, 500));
    }
  }
  let done = false;
  let doneAt = Number.POSITIVE_INFINITY;
  const everySecond = () => {
    if (done) return;
    if (faults.strikes("pause")) shell.pause(chance.logarithmic(10, 5000));
    if (faults.strikes("removal")) removeForAWhile(world);
    agenda.after(SECOND_MS, everySecond);
  };
  everySecond();
  const end = () => {
    if (scenario.ending !== "wait") shell.handle({ type: scenario.ending });
  };
  clients.start(end, () => {
    done = true;
    doneAt = agenda.now;
    faults.stop();
  });
  while (agenda.nextAt < doneAt + REST_MS && checker.violations.length === 0) agenda.next();
  if (checker.violations.length === 0) {
    checker.finish(state, places.length);
    if (scenario.ending === "drain") checker.expect("drained once", shell.drained, 1);
  }
  return {
    seed,
    requests: clients.submitted,
    outcomes: shell.outcomes,
    events: shell.steps,
    faults: faults.counts,
    stale: state.counts.stale,
    virtualMs: agenda.now,
    trace: trace.digest(),
    violations: checker.violations,
  };
}

/** Unloads a model with all its workers, and loads it again later. */
function removeForAWhile({ agenda, chance, scenario, shell, places }: World): void {
  const { id: modelId } = scenario.models[chance.whole(0, scenario.models.length - 1)] ?? { id: "" };
  const own = places.filter((place) => place.modelId === modelId);
  const graceMs = chance.between(0, 2000);
  shell.handle({ type: "modelRemoved", modelId });
  for (const place of own) place.stop(graceMs);
  agenda.after(graceMs + chance.between(0, 5000), () => {
    shell.handle({ type: "modelAdded", modelId });
    for (const place of own) place.start(chance.between(100, 1000));
  });
}
