import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { z } from "zod";
import { type Report, runReport } from "./run-report.ts";

/** The processor, as far as this process may use it. */
export interface CpuDevice {
  readonly type: "cpu";
  readonly name: string;
  /** Cores this process may run on. */
  readonly cores: number;
  /** The machine's memory, or the container's limit where that is less. */
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
}

/** A GPU that the environment's torch can use. */
export interface CudaDevice {
  readonly type: "cuda";
  readonly index: number;
  readonly name: string;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  /** E.g. `9.0`. */
  readonly computeCapability: string;
}

export type Device = CpuDevice | CudaDevice;

const TorchAnswer = z.object({
  torch: z.string(),
  /** The CUDA version torch was built for; null for a CPU build. */
  cuda: z.string().nullable(),
  devices: z.array(
    z.object({
      index: z.number(),
      name: z.string(),
      memoryBytes: z.number(),
      freeMemoryBytes: z.number(),
      computeCapability: z.string(),
    }),
  ),
  /** Why CUDA cannot be used although torch was built for it. */
  reason: z.string().nullable(),
});

/** What torch says of its devices. */
export type TorchReport = z.infer<typeof TorchAnswer>;

/** A driver that hangs must not hang the caller; importing torch alone may take tens of seconds on a cold disk. */
const DEVICES_TIMEOUT_MS = 90_000;

/** This machine's processor. */
export function cpuDevice(): CpuDevice {
  const limit = process.constrainedMemory();
  const total = totalmem();
  const memoryBytes = limit > 0 && limit < total ? limit : total;
  return {
    type: "cpu",
    name: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes,
    freeMemoryBytes: Math.min(freemem(), memoryBytes),
  };
}

/** Asks an environment's torch for its CUDA devices. */
export function torchDevices(python: string, signal?: AbortSignal): Promise<Report<TorchReport>> {
  return runReport({
    python,
    script: "devices.py",
    schema: TorchAnswer,
    timeoutMs: DEVICES_TIMEOUT_MS,
    signal,
  });
}
