import { createHash } from "node:crypto";
import { invalidArgument } from "../errors/index.ts";

/**
 * Which build of PyTorch to install.
 *
 * - `"auto"`: whatever your pip finds, with your index and settings. From PyPI that is the CUDA build on Linux.
 * - `"cpu"`: PyTorch's CPU build; a quarter of the size where there is no GPU.
 * - `"cu126"`, `"cu130"`, …: PyTorch's build for that CUDA version; see https://pytorch.org/get-started/locally.
 * - an `https:`, `http:` or `file:` address: any other package index that has torch.
 */
export type TorchChoice = "auto" | "cpu" | `cu${number}` | (string & {});

/** PyTorch's own package indexes, one folder per build. */
const PYTORCH_WHEELS = "https://download.pytorch.org/whl";

/** The index to take torch from, or undefined to leave the choice to pip's settings. */
export function torchIndex(choice: TorchChoice): string | undefined {
  if (choice === "auto") return undefined;
  if (/^(cpu|cu\d{3})$/.test(choice)) return `${PYTORCH_WHEELS}/${choice}`;
  if (/^(https?|file):\/\/\S+$/.test(choice)) return choice;
  throw invalidArgument(
    "torch",
    "`auto`, `cpu`, a CUDA version such as `cu126`, or the address of a package index",
    choice,
  );
}

/**
 * The requirement that only the chosen build meets: the exact local version where the build has one, so that a
 * wheel of another build, from the user's own index, is not taken for it.
 */
export function torchRequirement(choice: TorchChoice, version: string): string {
  const isLabelled = /^cu\d{3}$/.test(choice) || (choice === "cpu" && process.platform !== "darwin");
  return isLabelled ? `torch==${version}+${choice}` : `torch==${version}`;
}

/** A short form of the choice that can stand in a folder's name. */
export function torchSlug(choice: TorchChoice): string {
  const isAddress = choice.includes("://");
  return isAddress ? `index-${createHash("sha256").update(choice).digest("hex").slice(0, 8)}` : choice;
}
