import { existsSync } from "node:fs";
import { type CudaDevice, type TorchReport, torchDevices } from "./devices.ts";
import { type FindEnvironmentOptions, setupCommand } from "./find-environment.ts";
import type { Problem } from "./problems.ts";

/** There when the NVIDIA driver of a Linux machine (or under WSL) is loaded. */
const DRIVER_FILES = ["/dev/nvidiactl", "/dev/dxg"];

/** The CUDA devices, and why a GPU that seems to be there is not among them. */
export async function diagnoseDevices(
  python: string,
  options: FindEnvironmentOptions,
): Promise<{ devices: CudaDevice[]; problems: Problem[] }> {
  const report = await torchDevices(python, options.signal);
  if (!report.ok) {
    const message = `torch did not list its devices: ${report.reason}.`;
    const remedy = `See the whole error with: ${python} -c "import torch; print(torch.cuda.is_available())"`;
    return { devices: [], problems: [{ code: "CUDA_UNUSABLE", severity: "warning", message, remedy }] };
  }
  const devices = report.value.devices.map((device): CudaDevice => ({ type: "cuda", ...device }));
  return { devices, problems: unusedGpu(report.value, options) };
}

/** Workers run without a GPU, so an unused one is a warning. */
function unusedGpu(
  { torch, cuda, devices, reason }: TorchReport,
  options: FindEnvironmentOptions,
): Problem[] {
  if (devices.length > 0) return [];
  if (reason !== null) {
    const message = `torch ${torch} was built for CUDA ${cuda} but cannot use it: ${reason}`;
    const remedy = "Check the driver with nvidia-smi, and that it is as new as that CUDA version.";
    return [{ code: "CUDA_UNUSABLE", severity: "warning", message, remedy }];
  }
  if (cuda !== null || !DRIVER_FILES.some((file) => existsSync(file))) return [];
  const message = `This machine has an NVIDIA driver, but torch ${torch} is a CPU build and cannot use it.`;
  const remedy = setupCommand({ ...options, torch: "cu130" });
  return [{ code: "CUDA_NOT_BUILT_IN", severity: "warning", message, remedy }];
}
