import type { SchedulerEffect, SchedulerEvent, SchedulerState } from "../../scheduler/index.ts";
import type { Ledger } from "./ledger.ts";
import type { Noted } from "./note-event.ts";

/** What a rule looks at. */
export interface CheckContext {
  readonly ledger: Ledger;
  readonly event: SchedulerEvent;
  readonly effects: readonly SchedulerEffect[];
  readonly noted: Noted;
  readonly now: number;
  /** The last time that the process stood still. */
  readonly pause: { readonly from: number; readonly until: number };
  readonly state: SchedulerState;
  /** Whether this step is one of those in which every live request is looked at. */
  readonly thorough: boolean;
}

/** Tells that a rule was broken. */
export type Report = (rule: string, detail: string) => void;

/** How late a settlement may be. @unit milliseconds */
const TOLERANCE_MS = 50;

/** The latest time at which a request with that deadline may be settled. */
export function settledBy(deadlineAt: number, pause: CheckContext["pause"]): number {
  const caught = deadlineAt + TOLERANCE_MS >= pause.from && deadlineAt <= pause.until;
  return (caught ? pause.until : deadlineAt) + TOLERANCE_MS;
}
