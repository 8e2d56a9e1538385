import { setMaxListeners } from "node:events";
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
  // One signal may well end hundreds of requests: that is no leak.
  setMaxListeners(0, signal);
  signal.addEventListener("abort", listen, { once: true });
  return () => signal.removeEventListener("abort", listen);
}
