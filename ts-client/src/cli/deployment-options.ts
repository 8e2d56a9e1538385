import { type Command, InvalidArgumentError, Option } from "commander";
import type { DeploymentSpec } from "../engine/index.ts";
import { DEFAULT_MODEL } from "../pool/model-source.ts";

/** The flags that say what is served, and how. */
export interface DeploymentFlags {
  readonly model?: string;
  readonly revision?: string;
  readonly workers?: number;
  readonly device?: string[];
  readonly dtype?: NonNullable<DeploymentSpec["dtype"]>;
  readonly quantization?: NonNullable<DeploymentSpec["quantization"]>;
  readonly threads?: number;
  readonly slots?: number;
  readonly cacheDir?: string;
  readonly offline?: boolean;
}

/** Adds them to a command. */
export function addDeploymentOptions(command: Command): Command {
  const grouped = (option: Option) => command.addOption(option.helpGroup("Model:"));
  grouped(
    new Option(
      "--model <source>",
      `a bundled name, a folder, or a hub repository (default: ${DEFAULT_MODEL})`,
    ),
  );
  grouped(new Option("--revision <name>", "branch, tag or commit of a hub repository"));
  grouped(new Option("--workers <n>", "worker processes (default: 1)").argParser(wholeNumber(1)));
  grouped(
    new Option(
      "--device <device>",
      "auto, cpu, cuda, cuda:N or mps; several by commas, used in turn",
    ).argParser((value: string) => value.split(",").map((device) => device.trim())),
  );
  grouped(
    new Option("--dtype <type>", "numbers to compute in (default: auto)").choices([
      "auto",
      "float32",
      "bfloat16",
      "float16",
    ]),
  );
  grouped(
    new Option("--quantization <kind>", "of the language model (default: none)").choices([
      "none",
      "int8",
      "nf4",
    ]),
  );
  grouped(
    new Option("--threads <n>", "CPU threads of each worker; 0 lets torch choose").argParser(wholeNumber(0)),
  );
  grouped(new Option("--slots <n>", "rows a worker runs at once").argParser(wholeNumber(1)));
  grouped(new Option("--cache-dir <dir>", "folder of the hub's cache"));
  grouped(new Option("--offline", "download nothing"));
  return command;
}

/** The deployment that the flags describe; what is not given is left to other sources. */
export function deploymentOf(flags: DeploymentFlags): Partial<DeploymentSpec> {
  const { model, device, revision, workers, dtype, quantization, threads, slots, cacheDir, offline } = flags;
  const spec = {
    source: model,
    devices: device,
    revision,
    workers,
    dtype,
    quantization,
    threads,
    slots,
    cacheDir,
    offline,
  };
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}

/** Reads a whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== "" && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} up.`);
  };
}
