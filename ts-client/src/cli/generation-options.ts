import { type Command, InvalidArgumentError, Option } from "commander";
import { describe } from "../errors/index.ts";
import type { GenerateOptions } from "../model/generate-options.ts";
import { GENERATION_OPTIONS, type OptionFacts } from "../model/generation-table.ts";

const TABLE: readonly [string, OptionFacts][] = Object.entries(GENERATION_OPTIONS);

/** Adds a flag for every generation option, `--max-new-tokens` for `maxNewTokens`, in a help group of their own. */
export function addGenerationOptions(command: Command): Command {
  for (const [name, facts] of TABLE) command.addOption(toFlag(name, facts));
  return command;
}

/** The generation options that were given on the command line. */
export function readGenerationOptions(command: Command): GenerateOptions {
  const given = TABLE.map(([name]) => name).filter((name) => command.getOptionValueSource(name) === "cli");
  return Object.fromEntries(given.map((name) => [name, command.getOptionValue(name)]));
}

function toFlag(name: string, { rule, help }: OptionFacts): Option {
  const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  // The cache is on unless it is switched off; the other switches are off unless switched on.
  if (name === "useCache") return grouped(new Option(`--no-${flag}`, `do not ${help}`));
  if (rule.placeholder === undefined) return grouped(new Option(`--${flag}`, help));
  const option = new Option(`--${flag} ${rule.placeholder}`, help).argParser((text) => {
    const value = rule.parse(text);
    if (!rule.accepts(value)) {
      throw new InvalidArgumentError(`It must be ${rule.expected}, but ${describe(value)} was given.`);
    }
    return value;
  });
  // commander takes `--no-repeat-ngram-size` for the opposite of a switch.
  option.negate = false;
  return grouped(option);
}

function grouped(option: Option): Option {
  return option.helpGroup("Generation:");
}
