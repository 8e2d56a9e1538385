import type { Agenda } from "./agenda.ts";
import type { Chance } from "./chance.ts";
import type { Faults } from "./faults.ts";
import type { Scenario } from "./scenario.ts";
import type { SimulatedShell } from "./simulated-shell.ts";
import type { WorkerPlace } from "./worker-place.ts";

/** What all parts of one simulation share. */
export interface World {
  readonly agenda: Agenda;
  readonly chance: Chance;
  readonly faults: Faults;
  readonly scenario: Scenario;
  readonly shell: SimulatedShell;
  readonly places: readonly WorkerPlace[];
  /** The watch over a worker found it able, or not, to take more. */
  accepting(workerId: string, epoch: number, accepting: boolean): void;
  /** A place of the model will have no worker for a while. */
  placeGivenUp(modelId: string): void;
  /** Any request's id, live or not. */
  someRequestId(): string;
}
