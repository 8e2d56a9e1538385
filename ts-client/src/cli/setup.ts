import { type Command, InvalidArgumentError } from "commander";
import { type SetupEnvironmentOptions, setupEnvironment, type TorchChoice } from "../python/index.ts";
import { torchIndex } from "../python/torch-choice.ts";
import { answer, answerJson, remark } from "./output.ts";
import { startProgress } from "./progress.ts";
import { type CommonOptions, runCommand } from "./run-command.ts";
import { showSetupProgress } from "./setup-progress.ts";

interface SetupFlags extends CommonOptions {
  readonly torch?: TorchChoice;
  readonly python?: string;
  readonly cacheDir?: string;
}

const EXAMPLES = `
Examples:
  $ instructblip-workers setup                        whatever torch your pip settings give
  $ instructblip-workers setup --torch cpu            a quarter of the download, where there is no GPU
  $ instructblip-workers setup --torch cu130          the build for CUDA 13.0
  $ instructblip-workers setup --python python3.12    with that Python
`;

/** `setup`: builds the Python environment that workers run in. */
export function registerSetup(program: Command): void {
  program
    .command("setup")
    .summary("build the Python environment that workers run in")
    .description(
      "Builds the Python environment that workers run in, in your cache folder, with the pinned packages and your own pip settings. Does nothing when it is there already; goes on where an interrupted set-up stopped.",
    )
    .option(
      "--torch <build>",
      "auto, cpu, a CUDA version such as cu130, or the address of an index",
      readTorch,
    )
    .option("--python <path>", "the Python to build with: 3.10 or newer, with venv")
    .option("--cache-dir <dir>", "where to build it")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES)
    .action((flags: SetupFlags) => runCommand(flags, ({ signal }) => setup(flags, signal)));
}

async function setup({ json, ...flags }: SetupFlags, signal: AbortSignal): Promise<undefined> {
  const progress = startProgress();
  const options: SetupEnvironmentOptions = { ...flags, onProgress: showSetupProgress(progress), signal };
  const { changed, ...environment } = await setupEnvironment(options).finally(() => progress.stop());
  if (json === true) {
    answerJson({ ok: true, changed, ...environment });
    return;
  }
  const state = changed ? "is ready" : environment.managed ? "was ready already" : "has all it needs";
  remark(
    `The Python environment ${state}: torch ${environment.versions.torch}, Python ${environment.versions.python}.`,
  );
  answer(environment.python);
}

function readTorch(value: string): TorchChoice {
  try {
    torchIndex(value);
    return value;
  } catch {
    throw new InvalidArgumentError(
      "Use auto, cpu, a CUDA version such as cu130, or the address of an index.",
    );
  }
}
