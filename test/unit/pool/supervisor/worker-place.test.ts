import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { InstructBlipError } from "../../../../ts-client/src/errors/index.ts";
import { resolveDeployment } from "../../../../ts-client/src/pool/deployment.ts";
import type { Launcher, WorkerExit } from "../../../../ts-client/src/pool/launcher/launcher.ts";
import type { Death } from "../../../../ts-client/src/pool/supervisor/death.ts";
import { DEFAULT_LIVENESS } from "../../../../ts-client/src/pool/supervisor/liveness.ts";
import { LoadGate } from "../../../../ts-client/src/pool/supervisor/load-gate.ts";
import { DEFAULT_RESTART } from "../../../../ts-client/src/pool/supervisor/restart-policy.ts";
import { WorkerPlace } from "../../../../ts-client/src/pool/supervisor/worker-place.ts";
import type { WorkerTransport } from "../../../../ts-client/src/pool/transport/worker-transport.ts";
import type { HeaderOf, Message } from "../../../../ts-client/src/protocol/index.ts";

interface Process {
  readonly signals: string[];
  readonly exit: (code: number | undefined, signal?: string) => void;
}

/** A place whose processes and sockets are only told of. */
function place(options: { readonly launch?: () => Promise<void>; readonly gate?: LoadGate } = {}) {
  const processes: Process[] = [];
  const lost: { death: Death; wasReady: boolean }[] = [];
  const failed: InstructBlipError[] = [];
  const accepting: boolean[] = [];
  const sent: string[] = [];
  const forgotten: string[] = [];
  const launcher: Launcher = {
    launch: async () => {
      await options.launch?.();
      const signals: string[] = [];
      let end: (exit: WorkerExit) => void = () => {};
      const exited = new Promise<WorkerExit>((resolve) => {
        end = resolve;
      });
      processes.push({ signals, exit: (code, signal) => end({ code, signal, stderrTail: [] }) });
      const pid = processes.length;
      return { pid, exited, terminate: () => signals.push("SIGTERM"), kill: () => signals.push("SIGKILL") };
    },
  };
  const transport = {
    endpoints: async () => ({ control: "", data: "", echo: "" }),
    expect: () => {},
    forget: (workerId: string) => forgotten.push(workerId),
    send: (_worker: string, _channel: string, kind: string) => sent.push(kind),
  } as unknown as WorkerTransport;
  let epochs = 0;
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const made = new WorkerPlace({
    name: "worker-0",
    deployment: resolveDeployment({ source: "scripted:{}" }),
    device: "cpu",
    poolEpoch: "0".repeat(16),
    launcher,
    transport,
    gate: options.gate ?? new LoadGate(),
    liveness: DEFAULT_LIVENESS,
    restart: DEFAULT_RESTART,
    helloTimeoutMs: 60_000,
    loadTimeoutMs: 600_000,
    nextEpoch: () => ++epochs,
    handlers: {
      onSpawned: () => {},
      onProgress: () => {},
      onReady: () => {},
      onAccepting: (_, is) => accepting.push(is),
      onLost: (_, death, wasReady) => lost.push({ death, wasReady }),
      onFailed: (_, trouble) => failed.push(trouble),
    },
    logger,
  });
  return { place: made, processes, lost, failed, accepting, sent, forgotten };
}

const HELLO = { minors: { min: 0, max: 0 }, features: [] } as unknown as HeaderOf<"HELLO">;
const message = (kind: string, header: object = {}) => ({ kind, header, tensors: [] }) as unknown as Message;
const READY = message("READY", { slots: 4, model: { device: "cpu" }, rss: 1 });
const settle = async () => {
  for (let index = 0; index < 10; index += 1) await turn();
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a worker's place", () => {
  test("leads a process to READY and replaces it when it dies", async () => {
    const { place: it, processes, lost, sent } = place();
    it.start();
    await settle();
    it.onConnected(HELLO);
    it.onMessage(READY);
    expect(sent).toEqual(["WELCOME", "LOAD"]);
    expect(it.isReady).toBe(true);
    processes[0]?.exit(70);
    await settle();
    expect(lost).toMatchObject([{ wasReady: true, death: { code: "WORKER_LOST" } }]);
    expect(it.stats(0).state).toBe("backoff");
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    expect(processes).toHaveLength(2);
    expect(it.workerId).toBe("worker-0.2");
  });

  test("a worker that is to be killed gets no more work", async () => {
    const { place: it, processes, accepting } = place();
    it.start();
    await settle();
    it.onConnected(HELLO);
    it.onMessage(READY);
    it.kill("PROTOCOL", "it lied");
    expect(accepting).toEqual([false]);
    expect(it.isReady).toBe(false);
    expect(processes[0]?.signals).toEqual(["SIGKILL"]);
  });

  test("a worker that has said goodbye gets no more work, though it still answers pings", async () => {
    const { place: it, accepting } = place();
    it.start();
    await settle();
    it.onConnected(HELLO);
    it.onMessage(READY);
    it.onMessage(message("GOODBYE", { reason: "Drained." }));
    it.watch(false);
    it.onMessage(message("PING", { seq: 1 }));
    it.watch(false);
    expect(accepting).toEqual([false]);
  });

  test("a worker whose connection broke is replaced: messages may be lost", async () => {
    const { place: it, processes } = place();
    it.start();
    await settle();
    it.onConnected(HELLO);
    it.onMessage(READY);
    it.onConnected(HELLO);
    expect(processes[0]?.signals).toEqual(["SIGKILL"]);
  });

  test("a worker of another protocol version is not tried again", async () => {
    const { place: it, processes, failed } = place();
    it.start();
    await settle();
    it.onConnected({ ...HELLO, minors: { min: 7, max: 9 } });
    processes[0]?.exit(undefined, "SIGKILL");
    await settle();
    expect(failed).toMatchObject([{ code: "VERSION_MISMATCH" }]);
    expect(it.trouble).toMatchObject({ code: "VERSION_MISMATCH", retryAfterMs: undefined });
  });

  test("a process that SIGKILL does not end is written off, and its place with it", async () => {
    const { place: it, processes, lost, failed } = place();
    it.start();
    await settle();
    it.onConnected(HELLO);
    it.onMessage(READY);
    it.kill("WORKER_HUNG", "it stood still");
    await vi.advanceTimersByTimeAsync(11_000);
    await settle();
    expect(lost).toMatchObject([{ wasReady: true, death: { code: "WORKER_HUNG", permanent: true } }]);
    expect(failed).toHaveLength(1);
    expect(processes).toHaveLength(1);
    await it.stop();
  });

  test("stopping asks first and insists after a while", async () => {
    const { place: it, processes } = place();
    it.start();
    await settle();
    const stopped = it.stop();
    expect(processes[0]?.signals).toEqual(["SIGTERM"]);
    await vi.advanceTimersByTimeAsync(3000);
    expect(processes[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
    processes[0]?.exit(undefined, "SIGKILL");
    await settle();
    await stopped;
    expect(processes).toHaveLength(1);
  });

  test("stopping during a spawn ends the process that comes of it, also one that ignores SIGTERM", async () => {
    let spawned: () => void = () => {};
    const spawning = new Promise<void>((resolve) => {
      spawned = resolve;
    });
    const { place: it, processes } = place({ launch: () => spawning });
    it.start();
    await settle();
    const stopped = it.stop();
    spawned();
    await settle();
    await vi.advanceTimersByTimeAsync(3000);
    expect(processes[0]?.signals).toEqual(["SIGTERM", "SIGKILL"]);
    processes[0]?.exit(undefined, "SIGKILL");
    await settle();
    await stopped;
  });

  test("stopping does not wait for another's load to end", async () => {
    const gate = new LoadGate();
    const never = new AbortController().signal;
    await gate.enter("cpu", never);
    await gate.enter("cpu", never);
    const { place: it, processes } = place({ gate });
    it.start();
    await settle();
    await it.stop();
    expect(processes).toEqual([]);
  });

  test("a stop on purpose is no death", async () => {
    const { place: it, processes } = place();
    it.start();
    await settle();
    it.onConnected(HELLO);
    it.onMessage(READY);
    const stopped = it.stop();
    processes[0]?.exit(undefined, "SIGTERM");
    await settle();
    await stopped;
    expect(it.isStopping).toBe(true);
    expect(it.stats(0).lastError).toBeUndefined();
  });

  test("why a load failed is heard, though the process's end is seen first", async () => {
    const { place: it, processes, failed } = place();
    it.start();
    await settle();
    it.onConnected(HELLO);
    processes[0]?.exit(65);
    await settle();
    it.onMessage(message("ERROR", { code: "MODEL_LOAD_FAILED", message: "The file is cut off." }));
    it.onMessage(message("GOODBYE", { reason: "The file is cut off." }));
    await settle();
    expect(failed).toMatchObject([{ code: "MODEL_LOAD_FAILED", message: "The file is cut off." }]);
  });

  test("what can never be started is tried once, and leaves nothing behind", async () => {
    const launch = async () => {
      throw new InstructBlipError("UNSUPPORTED", "Not in a worker thread.");
    };
    const { place: it, failed, forgotten } = place({ launch });
    it.start();
    await settle();
    expect(failed).toMatchObject([{ code: "UNSUPPORTED" }]);
    expect(forgotten).toEqual(["worker-0.1"]);
  });

  test("a start that fails is tried again, then paused with a hint when", async () => {
    const { place: it, processes, failed } = place();
    it.start();
    for (let index = 0; index < 3; index += 1) {
      await settle();
      processes[index]?.exit(1);
      await settle();
      await vi.advanceTimersByTimeAsync(1000);
    }
    await settle();
    expect(failed).toMatchObject([{ code: "CRASH_LOOP", retryAfterMs: 30_000 }]);
    await vi.advanceTimersByTimeAsync(30_000);
    await settle();
    expect(processes).toHaveLength(4);
    expect(it.trouble).toBeUndefined();
  });

  test("silence before HELLO, and a load that stands still, end in a kill", async () => {
    const { place: it, processes } = place();
    it.start();
    await settle();
    await vi.advanceTimersByTimeAsync(60_001);
    it.watch(false);
    expect(processes[0]?.signals).toEqual(["SIGKILL"]);
    processes[0]?.exit(undefined, "SIGKILL");
    await settle();
    await vi.advanceTimersByTimeAsync(1000);
    await settle();
    it.onConnected(HELLO);
    await vi.advanceTimersByTimeAsync(599_000);
    it.watch(false);
    expect(processes[1]?.signals).toEqual([]);
    await vi.advanceTimersByTimeAsync(2000);
    it.watch(true);
    expect(processes[1]?.signals).toEqual([]);
    await vi.advanceTimersByTimeAsync(601_000);
    it.watch(false);
    expect(processes[1]?.signals).toEqual(["SIGKILL"]);
  });
});
