// Runs a program in the checkout and shows that it is alive. Node's own modules only: nothing is installed yet.
import { spawn } from "node:child_process";
import { root } from "./root.mjs";

const HEARTBEAT_MS = 15_000;

/**
 * Resolves with the exit code (128 + n for a signal). Output goes to stderr, since stdout is for answers, unless
 * `stdio` says otherwise; a line every 15 seconds says what is running when the program itself is silent.
 *
 * @param {string} label - what is running, for people
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, stdio?: import("node:child_process").StdioOptions, cwd?: string }} [options]
 * @returns {Promise<number>}
 */
export function run(label, command, args, options = {}) {
  const { env = process.env, stdio = ["ignore", 2, 2], cwd = root } = options;
  const start = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio, shell: process.platform === "win32" });
    const heartbeat = setInterval(() => {
      process.stderr.write(`… ${label}: ${Math.round((Date.now() - start) / 1000)} s\n`);
    }, HEARTBEAT_MS);
    child.on("error", (error) => {
      clearInterval(heartbeat);
      reject(error);
    });
    child.on("exit", (code) => {
      clearInterval(heartbeat);
      resolve(code ?? 130);
    });
  });
}
