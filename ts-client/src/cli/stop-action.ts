import { setTimeout as wait } from "node:timers/promises";
import { PoolClient } from "../client/index.ts";
import { InstructBlipError } from "../errors/index.ts";
import { DEFAULT_NAME, isAlive, readRuntimeFile } from "../front/index.ts";
import { EXIT } from "./exit-codes.ts";
import { answer, answerJson, remark } from "./output.ts";
import type { StopFlags } from "./stop.ts";

/** Ends a daemon and waits until it has ended. */
export async function stop(
  { name = DEFAULT_NAME, timeout, json }: StopFlags,
  signal: AbortSignal,
): Promise<number> {
  const daemon = await readRuntimeFile(name);
  if (daemon === undefined) {
    if (json === true) answerJson({ ok: false, running: false, name });
    else remark(`No daemon called "${name}" is running.`);
    return EXIT.failure;
  }
  {
    await using client = await PoolClient.connect({ name });
    await client.stopDaemon();
  }
  const until = performance.now() + timeout;
  while (isAlive(daemon)) {
    signal.throwIfAborted();
    if (performance.now() > until) {
      throw new InstructBlipError(
        "DEADLINE_EXCEEDED",
        `The daemon "${name}" (process ${daemon.pid}) has not ended within ${timeout} ms.`,
      );
    }
    await wait(50);
  }
  if (json === true) answerJson({ ok: true, name, pid: daemon.pid });
  else answer(`Stopped "${name}" (process ${daemon.pid}).`);
  return EXIT.ok;
}
