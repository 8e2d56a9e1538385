import { randomUUID } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InstructBlipError, invalidArgument } from "../errors/index.ts";
import type { CheckpointFiles } from "./read-checkpoint.ts";

/** Marks a text that stands for a number: no checkpoint has such a text, whatever its vocabulary. */
const MARK = `${randomUUID()}:`;

/**
 * A file as JSON.
 *
 * @param remedy - a sentence on how to come by the file, when it is missing
 * @throws CONFIG_INVALID when it is missing or no JSON
 */
export function readJson(files: CheckpointFiles, name: string, remedy: string): unknown {
  const bytes = files[name];
  if (bytes === undefined) throw invalid(name, `is missing. ${remedy}`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid(name, `is no JSON: ${cause instanceof Error ? cause.message : cause}`, cause);
  }
}

/** Writes JSON files into a folder, which is made when it is missing. @throws INVALID_ARGUMENT when it is a file */
export async function writeFolder(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  if (typeof folder !== "string" || folder === "") throw invalidArgument("folder", "a folder", folder);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === false) throw invalidArgument("folder", "a folder and not a file", folder);
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  }
}

/** A value as Python writes JSON: whole numbers without exponents, such as the 1e30 that stands for "no limit". */
export function jsonText(value: unknown): string {
  const mark = (_: string, item: unknown) =>
    Number.isInteger(item) && Math.abs(item as number) >= 1e21 ? `${MARK}${BigInt(item as number)}` : item;
  return `${unmark(JSON.stringify(value, mark, 2))}\n`;
}

/** A number whose text is given, for {@link unmark}. */
export function markNumber(text: string): string {
  return MARK + text;
}

/** JSON text in which marked strings are the numbers that they stand for. */
export function unmark(json: string): string {
  return json.replace(new RegExp(`"${MARK}([^"]+)"`, "g"), "$1");
}

function invalid(name: string, problem: string, cause?: unknown): InstructBlipError {
  return new InstructBlipError("CONFIG_INVALID", `${name} ${problem}`, { cause, path: name });
}
