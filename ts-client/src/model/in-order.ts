import { InstructBlipError } from "../errors/index.ts";
import { race } from "./race.ts";

/** How {@link inOrder} runs. */
export interface InOrderOptions {
  /** Items under way, or done and not yet taken. */
  readonly concurrency: number;
  /** Ends everything. */
  readonly signal: AbortSignal | undefined;
}

/** How one task ended. */
export type Outcome<R> =
  | { readonly ok: true; readonly value: R }
  | { readonly ok: false; readonly error: unknown };

/**
 * Runs a task for every item and gives the outcomes in the items' order. At most `concurrency` items are
 * taken ahead of the reader, so a source without end needs no memory without end. Leaving the loop aborts
 * the tasks under way and closes the source.
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  task: (item: T, signal: AbortSignal) => Promise<R>,
  { concurrency, signal }: InOrderOptions,
): AsyncGenerator<Outcome<R>, void, undefined> {
  const controller = new AbortController();
  const follow = () => {
    const cause: unknown = signal?.reason;
    controller.abort(new InstructBlipError("CANCELLED", "The signal ended the answers.", { cause }));
  };
  if (signal?.aborted === true) follow();
  signal?.addEventListener("abort", follow, { once: true });
  const source = iteratorOf(items);
  const ahead: Promise<Outcome<R>>[] = [];
  let pull: Promise<IteratorResult<T, unknown>> | undefined;
  let more = true;
  try {
    while (true) {
      if (more && ahead.length < concurrency) pull ??= Promise.resolve(source.next());
      const first = ahead[0];
      if (pull === undefined && first === undefined) return;
      // A slow source does not hold back an answer that is there, nor a slow answer the source.
      const waits = [pull?.then(asItem), first?.then(asOutcome)].filter((wait) => wait !== undefined);
      const next = await race<Item<T> | { outcome: Outcome<R> }>(waits, controller.signal);
      if ("outcome" in next) {
        ahead.shift();
        yield next.outcome;
      } else {
        pull = undefined;
        if (next.item.done === true) more = false;
        else ahead.push(settled(task(next.item.value, controller.signal)));
      }
    }
  } finally {
    signal?.removeEventListener("abort", follow);
    controller.abort(new InstructBlipError("CANCELLED", "The reader of the answers left its loop."));
    // Not awaited: a generator that waits for its next item would never come back.
    if (more) Promise.resolve(source.return?.()).catch(() => undefined);
    pull?.catch(() => undefined);
  }
}

type Item<T> = { readonly item: IteratorResult<T, unknown> };
const asItem = <T>(item: IteratorResult<T, unknown>): Item<T> => ({ item });
const asOutcome = <R>(outcome: Outcome<R>) => ({ outcome });

function iteratorOf<T>(items: Iterable<T> | AsyncIterable<T>): Iterator<T> | AsyncIterator<T> {
  return Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
}

function settled<R>(promise: Promise<R>): Promise<Outcome<R>> {
  return promise.then(
    (value) => ({ ok: true, value }),
    (error: unknown) => ({ ok: false, error }),
  );
}
