import { type Command, Option } from "commander";
import { wholeNumber } from "./deployment-options.ts";
import { type CommonOptions, runCommand } from "./run-command.ts";

export interface InspectFlags extends CommonOptions {
  readonly dtype: "auto" | "float32" | "bfloat16" | "float16";
  readonly quantization?: "none" | "int8" | "nf4";
  readonly device: string;
  readonly slots: number;
  readonly revision?: string;
  readonly cacheDir?: string;
  readonly offline?: boolean;
}

const EXAMPLES = `
Examples:
  $ instructblip-workers inspect tiny-shapes-t5
  $ instructblip-workers inspect Salesforce/instructblip-vicuna-7b --quantization int8
  $ instructblip-workers inspect ./checkpoint/config.json --json | jq .neededBytes
`;

/** `inspect`: what a model takes, before it is downloaded or loaded. */
export function registerInspect(program: Command): void {
  program
    .command("inspect")
    .argument("<model>", "a bundled name, a folder, a config.json, or a hub repository")
    .summary("say what a model takes, and whether it fits")
    .description(
      "Counts layers, parameters and bytes of a model's parts in every precision, without reading its weights. " +
        "Of a hub repository it fetches the configuration alone.",
    )
    .addOption(
      new Option("--dtype <type>", "numbers to compute in")
        .choices(["auto", "float32", "bfloat16", "float16"])
        .default("auto"),
    )
    .addOption(
      new Option("--quantization <kind>", "of the language model (default: each of them)").choices([
        "none",
        "int8",
        "nf4",
      ]),
    )
    .option("--device <device>", "auto, cpu, cuda, cuda:N or mps", "auto")
    .option("--slots <n>", "rows a worker runs at once", wholeNumber(1), 8)
    .option("--revision <name>", "branch, tag or commit of a hub repository")
    .option("--cache-dir <dir>", "folder of the hub's cache")
    .option("--offline", "download nothing")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action((model: string, flags: InspectFlags) =>
      runCommand(flags, async ({ signal }) => {
        const { inspect } = await import("./inspect-action.ts");
        return inspect(model, flags, signal);
      }),
    );
}
