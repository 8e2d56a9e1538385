interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** A virtual clock and what is to happen on it: earlier first, and at the same time first come, first served. */
export class Agenda {
  #now = 0;
  #order = 0;
  readonly #entries: Entry[] = [];

  /** Virtual time. @unit milliseconds */
  get now(): number {
    return this.#now;
  }

  /** When the next thing happens; Infinity when nothing does. */
  get nextAt(): number {
    return this.#entries[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#now + delayMs, run);
  }

  at(time: number, run: () => void): void {
    const entry = { at: Math.max(time, this.#now), order: this.#order++, run };
    const entries = this.#entries;
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent];
      if (above === undefined || !comesBefore(entry, above)) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  /** Moves the clock to the next thing and does it; false when there is nothing. */
  next(): boolean {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (first === undefined || last === undefined) return false;
    if (this.#entries.length > 0) this.#sink(last);
    this.#now = first.at;
    first.run();
    return true;
  }

  /** Moves the clock on with nothing happening: nothing may be due before. */
  skipTo(time: number): void {
    this.#now = Math.max(this.#now, Math.min(time, this.nextAt));
  }

  #sink(entry: Entry): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let smaller = entries[child];
      if (smaller === undefined) break;
      const right = entries[child + 1];
      if (right !== undefined && comesBefore(right, smaller)) {
        smaller = right;
        child += 1;
      }
      if (comesBefore(entry, smaller)) break;
      entries[index] = smaller;
      index = child;
    }
    entries[index] = entry;
  }
}

function comesBefore(left: Entry, right: Entry): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}
