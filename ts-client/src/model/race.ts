/**
 * The first of some promises to settle, or a rejection with the signal's reason once it is aborted. Leaves no
 * listener behind, so that a signal may outlive many races.
 */
export async function race<T>(promises: readonly Promise<T>[], signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([...promises, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
