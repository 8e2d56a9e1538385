import { exec, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { Example } from "./example.ts";
import type { Project } from "./project.ts";

const inShell = promisify(exec);

const PROGRAM = "npx instructblip-workers ";

/** The commands of a block, without comments. */
export function commandsOf({ code }: Pick<Example, "code">): string[] {
  const lines = code.replaceAll("\\\n", " ").split("\n");
  return lines.map((line) => line.replace(/(^|\s)#.*$/, "").trim()).filter((line) => line !== "");
}

/**
 * Runs the commands of a block in a project. A daemon is waited for, and runs on for the examples that follow.
 *
 * @returns how to end the daemons
 * @throws when a command fails, or is not the package's own
 */
export async function runCommands(example: Example, project: Project): Promise<(() => Promise<void>)[]> {
  const ends: (() => Promise<void>)[] = [];
  for (const command of commandsOf(example)) {
    if (!command.startsWith(PROGRAM)) {
      throw new Error(`\`${command}\` is not run by the tests: mark the block with \`no-run: <reason>\`.`);
    }
    if (command.startsWith(`${PROGRAM}start`)) ends.push(await startDaemon(command, project));
    else await inShell(command, { cwd: project.folder, env: project.env });
  }
  return ends;
}

async function startDaemon(command: string, { folder, env }: Project): Promise<() => Promise<void>> {
  const daemon = spawn("sh", ["-c", `exec ${command}`], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(daemon, "exit");
  let said = "";
  const ready = new Promise<void>((resolve) => {
    daemon.stdout.setEncoding("utf8").on("data", (text) => {
      said += text;
      if (said.includes("Ready")) resolve();
    });
  });
  daemon.stderr.setEncoding("utf8").on("data", (text) => {
    said += text;
  });
  await Promise.race([ready, exit]);
  if (daemon.exitCode !== null) throw new Error(`\`${command}\` ended with ${daemon.exitCode}:\n${said}`);
  const [name = ""] = / --name \S+/.exec(command) ?? [];
  return async () => {
    await inShell(`${PROGRAM}stop${name}`, { cwd: folder, env });
    await exit;
  };
}
