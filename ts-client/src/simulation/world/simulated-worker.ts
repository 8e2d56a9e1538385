import type { SchedulerEvent } from "../../scheduler/index.ts";
import { attemptKey } from "../../scheduler/index.ts";
import type { Script } from "./script.ts";
import type { World } from "./world.ts";

/** A request as a worker is sent it. */
export interface WorkerItem {
  readonly requestId: string;
  readonly attempt: number;
  readonly script: Script;
}

/** Whose worker it is, and what becomes of it. */
export interface WorkerLife {
  readonly workerId: string;
  readonly epoch: number;
  /** The process ended by itself. */
  readonly onDeath: (code: string) => void;
  /** The process does nothing any more; it may recover. */
  readonly onHang: () => void;
}

/** One life of a simulated worker: it runs what it is sent, or fails as the faults have it. */
export class SimulatedWorker {
  readonly #world: World;
  readonly #life: WorkerLife;
  readonly #forgetful: boolean;
  readonly #slow: boolean;
  readonly #memoryRows: number;
  /** Requests in its hands, by the key of the try. */
  readonly #running = new Map<string, WorkerItem>();
  /** Tries that were cancelled before they came. */
  readonly #cancelledEarly = new Set<string>();
  /** What happened to a hung worker, to be done should it go on. */
  readonly #missed: (() => void)[] = [];
  #alive = true;
  #hung = false;
  #leaving = false;
  /** Messages arrive in order: none before this time. */
  #linkFreeAt = 0;

  constructor(world: World, life: WorkerLife) {
    this.#world = world;
    this.#life = life;
    this.#forgetful = world.faults.strikes("forgetful");
    this.#slow = world.faults.strikes("slow");
    this.#memoryRows = world.faults.strikes("smallMemory")
      ? world.chance.whole(1, 4)
      : Number.POSITIVE_INFINITY;
  }

  /** A SUBMIT has arrived. */
  submit(items: readonly WorkerItem[]): void {
    this.#whenAwake(() => {
      const { faults, chance } = this.#world;
      if (faults.strikes("leaving")) this.#leaving = true;
      const fresh = items.filter((item) => !this.#cancelledEarly.delete(keyOf(item)));
      if (this.#leaving) {
        for (const item of fresh) this.#error(item, "DRAINING");
        return this.#leaveWhenDone();
      }
      for (const item of fresh) this.#running.set(keyOf(item), item);
      if (this.#rows() > this.#memoryRows) {
        for (const item of fresh) this.#later(chance.between(1, 5), item, () => this.#end(item, "CUDA_OOM"));
        return;
      }
      for (const item of fresh) this.#start(item);
      this.#befall(fresh);
    });
  }

  /** A CANCEL has arrived. */
  cancel(requestId: string, attempt: number): void {
    this.#whenAwake(() => {
      const item = this.#running.get(attemptKey(requestId, attempt));
      // It stops at its next step.
      if (item !== undefined) {
        return this.#later(this.#world.chance.between(0, 10), item, () => this.#end(item, "CANCELLED"));
      }
      // Some workers keep it in mind that a CANCEL came first, some know nothing of it.
      if (this.#forgetful) return;
      this.#cancelledEarly.add(attemptKey(requestId, attempt));
      this.#say({ ...this.#errorOf(requestId, attempt), code: "CANCELLED", message: "Cancelled." });
    });
  }

  /** The process ends; what it has sent is still on its way. */
  die(): void {
    this.#alive = false;
    this.#running.clear();
  }

  /** The end of a hang. */
  recover(): void {
    if (!this.#hung) return;
    this.#hung = false;
    for (const missed of this.#missed.splice(0)) missed();
  }

  get isHung(): boolean {
    return this.#alive && this.#hung;
  }

  /** What goes wrong with a batch as a whole. */
  #befall(items: readonly WorkerItem[]): void {
    const { faults, chance, agenda } = this.#world;
    const dieSoon = (code: string) => {
      agenda.after(chance.between(0, 50), () => {
        if (this.#alive && !this.#hung) this.#perish(code);
      });
    };
    if (items.some(({ script }) => script.poison) || faults.strikes("crash")) return dieSoon("WORKER_LOST");
    if (faults.strikes("deviceFailure")) {
      for (const item of items) {
        this.#later(chance.between(0, 5), item, () => this.#error(item, "CUDA_FATAL"));
      }
      return dieSoon("CUDA_FATAL");
    }
    if (faults.strikes("hang")) {
      agenda.after(chance.between(0, 50), () => {
        if (!this.#alive || this.#hung) return;
        this.#hung = true;
        this.#life.onHang();
      });
    }
    if (faults.strikes("stall")) {
      const { workerId, epoch } = this.#life;
      const tell = (accepting: boolean) => this.#world.accepting(workerId, epoch, accepting);
      agenda.after(chance.between(0, 50), () => tell(false));
      agenda.after(chance.between(50, 5000), () => tell(true));
    }
  }

  #start(item: WorkerItem): void {
    const { faults, chance } = this.#world;
    const { script } = item;
    const crowding = 1 + 0.05 * this.#running.size;
    const took = script.serviceMs * crowding * (this.#slow ? 10 : 1);
    if (faults.strikes("badOutput")) {
      return this.#later(took, item, () => this.#end(item, "OUTPUT_INVALID"));
    }
    if (faults.strikes("internalError")) {
      return this.#later(took * chance.between(0, 1), item, () => this.#end(item, "INTERNAL"));
    }
    this.#continue(item, 0, took / (script.chunks + 1));
  }

  /** A step of generation: a chunk, or the answer after the last. */
  #continue(item: WorkerItem, seq: number, stepMs: number): void {
    this.#later(stepMs, item, () => {
      if (seq === item.script.chunks) return this.#answer(item);
      this.#say({ type: "chunk", ...this.#fence(item), seq, tokens: [seq] });
      this.#continue(item, seq + 1, stepMs);
    });
  }

  #answer(item: WorkerItem): void {
    this.#running.delete(keyOf(item));
    const answer: SchedulerEvent = {
      type: "result",
      ...this.#fence(item),
      chunks: item.script.chunks,
      payload: item.requestId,
    };
    if (this.#world.faults.strikes("lie")) {
      this.#say({ ...answer, ...this.#lie(item) });
      if (this.#world.chance.happens(0.5)) return this.#leaveWhenDone();
    }
    this.#say(answer);
    this.#leaveWhenDone();
  }

  /** A fence that is wrong in one place. */
  #lie(item: WorkerItem) {
    const { epoch } = this.#life;
    const { attempt } = item;
    return this.#world.chance.pick([
      { epoch: epoch - 1 },
      { epoch: epoch + 1 },
      { attempt: attempt - 1 },
      { attempt: attempt + 1 },
      { requestId: this.#world.someRequestId() },
    ]);
  }

  #end(item: WorkerItem, code: string): void {
    this.#running.delete(keyOf(item));
    this.#error(item, code);
    this.#leaveWhenDone();
  }

  #error(item: WorkerItem, code: string): void {
    this.#say({ ...this.#errorOf(item.requestId, item.attempt), code, message: `${code}.` });
  }

  #errorOf(requestId: string, attempt: number) {
    const { workerId, epoch } = this.#life;
    return { type: "error", workerId, epoch, requestId, attempt, path: undefined } as const;
  }

  #fence({ requestId, attempt }: WorkerItem) {
    const { workerId, epoch } = this.#life;
    return { workerId, epoch, requestId, attempt };
  }

  #leaveWhenDone(): void {
    if (!this.#leaving || this.#running.size > 0) return;
    this.#world.agenda.after(1, () => {
      if (this.#alive && this.#running.size === 0) this.#perish("WORKER_LOST");
    });
  }

  #perish(code: string): void {
    this.die();
    this.#life.onDeath(code);
  }

  #rows(): number {
    let rows = 0;
    for (const { script } of this.#running.values()) rows += script.request.rows;
    return rows;
  }

  /** Does something with a try after a while, if the worker still has it. */
  #later(delayMs: number, item: WorkerItem, act: () => void): void {
    this.#world.agenda.after(delayMs, () => {
      this.#whenAwake(() => {
        if (this.#running.get(keyOf(item)) === item) act();
      });
    });
  }

  #whenAwake(act: () => void): void {
    if (!this.#alive) return;
    if (this.#hung) this.#missed.push(act);
    else act();
  }

  /** Sends a message to the pool, over a link that may misbehave. */
  #say(event: SchedulerEvent): void {
    const { agenda, chance, faults, shell } = this.#world;
    if (faults.strikes("drop")) return;
    let at = agenda.now + chance.between(0.05, 1) + (faults.strikes("delay") ? chance.between(10, 3000) : 0);
    if (!faults.strikes("reorder")) {
      at = Math.max(at, this.#linkFreeAt);
      this.#linkFreeAt = at;
    }
    agenda.at(at, () => shell.handle(event));
    if (faults.strikes("duplicate")) agenda.at(at + chance.between(0, 100), () => shell.handle(event));
  }
}

function keyOf({ requestId, attempt }: WorkerItem): string {
  return attemptKey(requestId, attempt);
}
