import {
  type NewRequest,
  nextWake,
  type SchedulerEffect,
  type SchedulerEvent,
  type SchedulerState,
  step,
} from "../../scheduler/index.ts";
import type { InvariantChecker } from "../invariants/invariant-checker.ts";
import type { TraceHash } from "../trace-hash.ts";
import type { Script } from "./script.ts";
import type { World } from "./world.ts";

/** The scheduler's functions; another set of them can be put in their place to see whether the checks notice. */
export interface SchedulerFunctions {
  readonly step: (state: SchedulerState, event: SchedulerEvent, now: number) => readonly SchedulerEffect[];
  readonly nextWake: (state: SchedulerState) => number;
}

/** Longest a timer is late. @unit milliseconds */
const TIMER_LAG_MS = 20;

/** Stands where the pool's shell stands: clock, timer, inbox, and hands for the scheduler's effects. */
export class SimulatedShell {
  readonly state: SchedulerState;
  readonly #functions: SchedulerFunctions;
  readonly #checker: InvariantChecker;
  readonly #trace: TraceHash;
  readonly #scripts = new Map<string, Script>();
  /** What came while the process stood still. */
  readonly #inbox: (() => void)[] = [];
  #world: World | undefined;
  #pausedUntil = 0;
  #tickAt = Number.POSITIVE_INFINITY;
  /** Steps taken. */
  steps = 0;
  /** How requests ended: "ok" or the error code. */
  readonly outcomes = new Map<string, number>();
  drained = 0;

  constructor(
    state: SchedulerState,
    checker: InvariantChecker,
    trace: TraceHash,
    functions: SchedulerFunctions = { step, nextWake },
  ) {
    this.state = state;
    this.#checker = checker;
    this.#trace = trace;
    this.#functions = functions;
  }

  attach(world: World): void {
    this.#world = world;
  }

  /** Takes in an event, now or when the process goes on. */
  handle(event: SchedulerEvent): void {
    const { agenda } = this.#attached();
    if (agenda.now < this.#pausedUntil) this.#inbox.push(() => this.#step(event));
    else this.#step(event);
  }

  /** A caller submits; its deadline counts from when the pool hears of it. */
  submit(script: Script, deadlineMs: number): void {
    const { agenda } = this.#attached();
    const take = () => {
      const request: NewRequest = { ...script.request, deadlineAt: agenda.now + deadlineMs };
      if (!this.state.requests.has(request.id)) this.#scripts.set(request.id, script);
      this.#step({ type: "submit", request });
    };
    if (agenda.now < this.#pausedUntil) this.#inbox.push(take);
    else take();
  }

  /** The process stands still: nothing is heard and no timer fires until it is over. */
  pause(ms: number): void {
    const { agenda } = this.#attached();
    if (agenda.now < this.#pausedUntil) return;
    this.#pausedUntil = agenda.now + ms;
    this.#checker.onPause(agenda.now, this.#pausedUntil);
    agenda.at(this.#pausedUntil, () => {
      this.#step({ type: "tick" });
      for (const deferred of this.#inbox.splice(0)) deferred();
    });
  }

  #step(event: SchedulerEvent): void {
    const { now } = this.#attached().agenda;
    this.steps += 1;
    this.#trace.event(event, now);
    this.#checker.before(event, now);
    const effects = this.#functions.step(this.state, event, now);
    for (const effect of effects) this.#trace.effect(effect);
    this.#checker.after(event, effects, this.state, now);
    for (const effect of effects) this.#perform(effect);
    this.#arm();
  }

  #arm(): void {
    const { agenda, faults, chance } = this.#attached();
    const wake = this.#functions.nextWake(this.state);
    if (wake >= this.#tickAt || wake === Number.POSITIVE_INFINITY) return;
    const at =
      Math.max(wake, agenda.now) + (faults.strikes("lateTimer") ? chance.between(0, TIMER_LAG_MS) : 0);
    this.#tickAt = wake;
    agenda.at(at, () => {
      if (this.#tickAt !== wake) return;
      this.#tickAt = Number.POSITIVE_INFINITY;
      this.handle({ type: "tick" });
    });
  }

  #perform(effect: SchedulerEffect): void {
    const world = this.#attached();
    switch (effect.type) {
      case "prepare": {
        const script = this.#scripts.get(effect.requestId);
        if (script === undefined) return;
        const { requestId } = effect;
        world.agenda.after(script.prepareMs, () => {
          if (script.inputsFail) this.handle({ type: "prepareFailed", requestId, failure: undefined });
          else this.handle({ type: "prepared", requestId, bytes: script.bytes });
        });
        return;
      }
      case "dispatch": {
        const items = effect.items.flatMap(({ requestId, attempt }) => {
          const script = this.#scripts.get(requestId);
          return script === undefined ? [] : [{ requestId, attempt, script }];
        });
        return this.#place(effect.workerId)?.send(effect.epoch, items);
      }
      case "cancelAttempt":
        return this.#place(effect.workerId)?.cancel(effect.requestId, effect.attempt);
      case "recycle":
        return this.#place(effect.workerId)?.recycle(effect.code);
      case "settle": {
        const end = effect.outcome.ok ? "ok" : effect.outcome.code;
        this.outcomes.set(end, (this.outcomes.get(end) ?? 0) + 1);
        if (!this.state.requests.has(effect.requestId)) this.#scripts.delete(effect.requestId);
        return;
      }
      case "drained":
        this.drained += 1;
        return;
      case "deliver":
      case "retried":
      case "overloaded":
        return;
    }
  }

  #place(workerId: string) {
    return this.#attached().places.find((place) => place.workerId === workerId);
  }

  #attached(): World {
    if (this.#world === undefined) throw new Error("The shell is attached to its world first.");
    return this.#world;
  }
}
