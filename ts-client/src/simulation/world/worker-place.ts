import { SimulatedWorker, type WorkerItem } from "./simulated-worker.ts";
import type { World } from "./world.ts";

/** How long a worker may hang before it is killed. @unit milliseconds */
const HANG_VERDICT_MS = 3000;

/** A place in the pool: one worker after the other, with what a supervisor sees and does. */
export class WorkerPlace {
  readonly workerId: string;
  readonly modelId: string;
  readonly slots: number;
  readonly #world: World;
  /** No two lives in a pool have the same epoch. */
  #epoch = 0;
  #worker: SimulatedWorker | undefined;
  #stopped = false;
  #deaths = 0;

  constructor(world: World, workerId: string, modelId: string, slots: number) {
    this.#world = world;
    this.workerId = workerId;
    this.modelId = modelId;
    this.slots = slots;
  }

  get isUp(): boolean {
    return this.#worker !== undefined;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Starts a worker that is ready after a while. */
  start(loadMs: number): void {
    this.#stopped = false;
    this.#world.agenda.after(loadMs, () => {
      if (this.#stopped || this.#worker !== undefined) return;
      this.#epoch += 1;
      const { workerId } = this;
      const epoch = this.#epoch;
      const worker: SimulatedWorker = new SimulatedWorker(this.#world, {
        workerId,
        epoch,
        onDeath: (code) => this.#onDeath(worker, epoch, code),
        onHang: () => this.#onHang(worker),
      });
      this.#worker = worker;
      this.#world.shell.handle(this.#readyEvent(epoch));
    });
  }

  /** Stops the worker, and starts none after it. */
  stop(graceMs: number): void {
    this.#stopped = true;
    const worker = this.#worker;
    // A death that was to be noticed by the next worker has to be noticed otherwise.
    if (worker === undefined) this.#world.shell.handle(this.#lostEvent(this.#epoch, "WORKER_LOST"));
    this.#world.agenda.after(graceMs, () => this.#kill(worker, "WORKER_LOST"));
  }

  /** Sends a batch to the worker of that life. */
  send(epoch: number, items: readonly WorkerItem[]): void {
    const { agenda, chance, faults } = this.#world;
    const worker = this.#worker;
    if (epoch !== this.#epoch || faults.strikes("drop")) return;
    agenda.after(chance.between(0.05, 1), () => worker?.submit(items));
  }

  /** Control messages have a socket of their own: they may come before the SUBMIT they speak of. */
  cancel(requestId: string, attempt: number): void {
    const { agenda, chance, faults } = this.#world;
    const worker = this.#worker;
    if (faults.strikes("drop")) return;
    agenda.after(chance.between(0.05, 1), () => worker?.cancel(requestId, attempt));
  }

  recycle(code: string): void {
    const worker = this.#worker;
    this.#world.agenda.after(this.#world.chance.between(0, 20), () => this.#kill(worker, code));
  }

  #onHang(worker: SimulatedWorker): void {
    const { agenda, chance, faults } = this.#world;
    if (faults.strikes("recovery")) agenda.after(chance.between(0, HANG_VERDICT_MS), () => worker.recover());
    agenda.after(HANG_VERDICT_MS, () => {
      if (worker.isHung) this.#kill(worker, "WORKER_HUNG");
    });
  }

  #kill(worker: SimulatedWorker | undefined, code: string): void {
    if (worker === undefined || this.#worker !== worker) return;
    worker.die();
    this.#onDeath(worker, this.#epoch, code);
  }

  #onDeath(worker: SimulatedWorker, epoch: number, code: string): void {
    if (this.#worker !== worker) return;
    const { agenda, chance, faults, shell } = this.#world;
    this.#worker = undefined;
    this.#deaths += 1;
    const givenUp = !this.#stopped && faults.strikes("givenUp");
    const seenAfter = chance.between(1, 50);
    const lost = this.#lostEvent(epoch, code);
    if (this.#stopped || givenUp || !faults.strikes("unseenDeath")) {
      agenda.after(seenAfter, () => shell.handle(lost));
    }
    if (faults.strikes("repeatedDeath")) agenda.after(chance.between(50, 8000), () => shell.handle(lost));
    if (faults.strikes("lateReady")) {
      agenda.after(chance.between(50, 3000), () => shell.handle(this.#readyEvent(epoch)));
    }
    if (this.#stopped) return;
    const longest = Math.min(3000, 200 * 2 ** Math.min(this.#deaths, 8));
    if (givenUp) agenda.after(seenAfter + 1, () => this.#world.placeGivenUp(this.modelId));
    this.start(50 + chance.between(0, longest) + (givenUp ? chance.between(1000, 5000) : 0));
  }

  #lostEvent(epoch: number, code: string) {
    return { type: "workerLost", workerId: this.workerId, epoch, code, message: "It died." } as const;
  }

  #readyEvent(epoch: number) {
    const { workerId, modelId, slots } = this;
    return { type: "workerReady", workerId, modelId, epoch, slots } as const;
  }
}
