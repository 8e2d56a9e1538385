import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { packageRoot } from "../python/index.ts";
import { registerAsk } from "./ask.ts";
import { registerDoctor } from "./doctor.ts";
import { EXIT } from "./exit-codes.ts";
import { registerInspect } from "./inspect.ts";
import { registerSetup } from "./setup.ts";
import { registerStart } from "./start.ts";
import { registerStatus } from "./status.ts";
import { registerStop } from "./stop.ts";

/** Every command; each adds itself to the program. */
const COMMANDS: readonly ((program: Command) => void)[] = [
  registerSetup,
  registerDoctor,
  registerInspect,
  registerStart,
  registerAsk,
  registerStatus,
  registerStop,
];

const EXAMPLES = `
Examples:
  $ instructblip-workers doctor    what is there, what is wrong, what to do next
  $ instructblip-workers setup     build the Python environment that workers run in
  $ instructblip-workers inspect   what a model takes, and whether it fits
  $ instructblip-workers start     run a pool that other processes can use
  $ instructblip-workers ask photo.jpg "What is unusual about this image?"
`;

/** The command line of this package. */
export function createProgram(): Command {
  const program = new Command("instructblip-workers")
    .description("Runs InstructBLIP in a pool of supervised Python workers.")
    .version(packageVersion())
    .showHelpAfterError("(add --help for more)")
    .addHelpText("after", EXAMPLES)
    .exitOverride();
  for (const register of COMMANDS) register(program);
  return program;
}

/** Runs a command line and sets the exit code. */
export async function run(argv: readonly string[]): Promise<void> {
  process.stdout.on("error", endAtClosedPipe);
  try {
    await createProgram().parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has said what is wrong; its code is 0 after --help and --version.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

/** Whoever reads the answer may stop reading it, as `head` does. */
function endAtClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}

function packageVersion(): string {
  const manifest: { version: string } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
  return manifest.version;
}
