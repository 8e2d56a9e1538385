import { type Command, Option } from "commander";
import { LOG_LEVELS, type LogLevel } from "../pool/logger.ts";
import { addDeploymentOptions, type DeploymentFlags, wholeNumber } from "./deployment-options.ts";
import { type CommandContext, type CommonOptions, runCommand } from "./run-command.ts";

export interface StartFlags extends CommonOptions, DeploymentFlags {
  readonly name?: string;
  readonly endpoint?: string;
  readonly grace: number;
  readonly logLevel?: LogLevel;
  /** A configuration file. */
  readonly config?: string;
}

const EXAMPLES = `
Examples:
  $ instructblip-workers start                                          the bundled model, one worker
  $ instructblip-workers start --workers 2 --device cuda:0,cuda:1 \\
      --model Salesforce/instructblip-flan-t5-xl --dtype bfloat16       a real one on two GPUs
  $ instructblip-workers ask photo.jpg "What is unusual about this image?"
`;

/** `start`: runs a pool that other processes can use. */
export function registerStart(program: Command): void {
  const command = program
    .command("start")
    .summary("run a pool of workers that other processes can use")
    .description(
      "Starts workers, supervises them, and serves other processes of this user until it is stopped: by Ctrl-C, by SIGTERM or by `instructblip-workers stop`. Work in hand is finished first; a second Ctrl-C ends at once.",
    );
  addDeploymentOptions(command)
    .option("--name <name>", "what clients call it (default: default)")
    .option("--endpoint <address>", "where to listen: an ipc:// path in a private folder")
    .option("--grace <ms>", "how long work in hand may take at the end", wholeNumber(0), 30_000)
    .addOption(new Option("--log-level <level>", "how much to log (default: warn)").choices([...LOG_LEVELS]))
    .option(
      "--config <file>",
      "the configuration (default: instructblip-workers.config.{ts,js,mjs,json} here)",
    )
    .option("--json", "say how to connect as one line of JSON")
    .addHelpText("after", EXAMPLES)
    .action((flags: StartFlags) => {
      const work = async (context: CommandContext) => {
        const { start } = await import("./start-action.ts");
        return start(flags, context);
      };
      return runCommand(flags, work, { terminationIsSuccess: true });
    });
}
