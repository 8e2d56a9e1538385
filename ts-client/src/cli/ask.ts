import type { Command } from "commander";
import { addDeploymentOptions, type DeploymentFlags, wholeNumber } from "./deployment-options.ts";
import { addGenerationOptions } from "./generation-options.ts";
import { type CommonOptions, runCommand } from "./run-command.ts";

export interface AskFlags extends CommonOptions, DeploymentFlags {
  readonly name?: string;
  readonly endpoint?: string;
  readonly stream?: boolean;
  readonly deadline?: number;
}

const EXAMPLES = `
Examples:
  $ instructblip-workers ask photo.jpg "What color is the circle?"
  $ instructblip-workers ask photo.jpg "Describe the image." --stream --max-new-tokens 60
  $ instructblip-workers ask photo.jpg "Is there a star?" --json | jq .text
  $ cat photo.jpg | instructblip-workers ask - "What shape is red?"
`;

/** `ask`: one question about one picture. */
export function registerAsk(program: Command): void {
  const command = program
    .command("ask")
    .argument("<image>", "a picture's path, or - for standard input")
    .argument("[question]", "the question or instruction", "")
    .summary("ask a question about a picture")
    .description(
      "Asks a running daemon. With none, starts a worker for this one question. The answer goes to stdout, everything else to stderr.",
    )
    .option("--name <name>", "which daemon (default: default)")
    .option("--endpoint <address>", "which daemon, by its address")
    .option("--stream", "print the answer as it is generated")
    .option("--deadline <ms>", "give up after this time", wholeNumber(1))
    .option("--json", "print the answer as JSON, with tokens and timings");
  addGenerationOptions(addDeploymentOptions(command))
    .addHelpText("after", EXAMPLES)
    .action((image: string, question: string, flags: AskFlags) => {
      return runCommand(flags, async ({ signal }) => {
        const { ask } = await import("./ask-action.ts");
        return ask(image, question, flags, command, signal);
      });
    });
}
