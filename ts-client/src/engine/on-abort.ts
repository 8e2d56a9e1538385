import { invalidArgument } from "../errors/index.ts";

/** Calls back when a signal fires, at once if it has; the function it returns stops listening. */
export function onAbort(signal: AbortSignal | undefined, listener: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  if (!(signal instanceof AbortSignal)) throw invalidArgument("signal", "an AbortSignal", signal);
  const listen = () => listener(signal.reason);
  if (signal.aborted) {
    queueMicrotask(listen);
    return () => {};
  }
  signal.addEventListener("abort", listen, { once: true });
  return () => signal.removeEventListener("abort", listen);
}
