import type { SchedulerEffect, SchedulerEvent } from "../scheduler/index.ts";

/** A fingerprint of all events and effects in order, with their times: equal runs have equal fingerprints. */
export class TraceHash {
  #low = 0x811c9dc5;
  #high = 0x1b873593;

  event(event: SchedulerEvent, now: number): void {
    // Microseconds, as whole numbers.
    this.#number(Math.round(now * 1000));
    this.#text(event.type);
    if ("request" in event) this.#text(event.request.id);
    if ("requestId" in event) this.#text(event.requestId);
    if ("workerId" in event) this.#text(event.workerId);
    if ("epoch" in event) this.#number(event.epoch);
    if ("attempt" in event) this.#number(event.attempt);
  }

  effect(effect: SchedulerEffect): void {
    this.#text(effect.type);
    if ("requestId" in effect) this.#text(effect.requestId);
    if ("workerId" in effect) this.#text(effect.workerId);
    if (effect.type === "settle") this.#text(effect.outcome.ok ? "ok" : effect.outcome.code);
    if (effect.type !== "dispatch") return;
    for (const { requestId, attempt } of effect.items) {
      this.#text(requestId);
      this.#number(attempt);
    }
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return [this.#high, this.#low].map((half) => half.toString(16).padStart(8, "0")).join("");
  }

  #text(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
    this.#mix(0x100);
  }

  #number(value: number): void {
    this.#mix(value % 0x100000000);
    this.#mix(value / 0x100000000);
  }

  /** FNV-1a's step in each half, with different multipliers. */
  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193) >>> 0;
    this.#high = Math.imul(this.#high ^ value, 0x85ebca6b) >>> 0;
  }
}
