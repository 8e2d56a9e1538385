/** A binary min-heap by time: what is due, and when the next thing is. */
export class TimerHeap {
  #entries: { readonly at: number; readonly requestId: string }[] = [];

  /** The earliest time in the heap; Infinity when it is empty. */
  get nextAt(): number {
    return this.#entries[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(at: number, requestId: string): void {
    const entries = this.#entries;
    let index = entries.length;
    const entry = { at, requestId };
    entries.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent];
      if (above === undefined || above.at <= at) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  /** Takes the earliest entry out if it is due. */
  popDue(now: number): string | undefined {
    const entries = this.#entries;
    const first = entries[0];
    if (first === undefined || first.at > now) return undefined;
    const last = entries.pop();
    if (last !== undefined && entries.length > 0) this.#sink(last);
    return first.requestId;
  }

  clear(): void {
    if (this.#entries.length > 0) this.#entries = [];
  }

  /** Throws out what belongs to no live request. */
  retain(isLive: (requestId: string) => boolean): void {
    const kept = this.#entries.filter(({ requestId }) => isLive(requestId));
    this.#entries = [];
    for (const { at, requestId } of kept) this.push(at, requestId);
  }

  #sink(entry: { readonly at: number; readonly requestId: string }): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = entries[child];
      if (left === undefined) break;
      const right = entries[child + 1];
      const smaller = right !== undefined && right.at < left.at ? right : left;
      if (smaller !== left) child += 1;
      if (smaller.at >= entry.at) break;
      entries[index] = smaller;
      index = child;
    }
    entries[index] = entry;
  }
}
