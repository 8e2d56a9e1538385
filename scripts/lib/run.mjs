// Runs a program in the checkout and shows that it is alive. Node's own modules only: nothing is installed yet.
import { spawn } from "node:child_process";
import { root } from "./root.mjs";

/** For programs that are silent while they work. @unit milliseconds */
const HEARTBEAT_MS = 15_000;

/**
 * @typedef {object} RunOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {import("node:child_process").StdioOptions} [stdio] - by default stderr: stdout is for answers
 * @property {string} [cwd] - by default the checkout
 * @property {number} [heartbeatMs] - how often a line says what is running
 */

/**
 * Resolves with the exit code, 130 when a signal ended the program. Now and then a line says what is running, as
 * the program itself may be silent.
 *
 * @param {string} label - what is running, for people
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<number>}
 */
export function run(label, command, args, options = {}) {
  const { env = process.env, stdio = ["ignore", 2, 2], cwd = root, heartbeatMs = HEARTBEAT_MS } = options;
  const start = Date.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio, shell: process.platform === "win32" });
    const heartbeat = setInterval(() => {
      process.stderr.write(`… ${label}: ${Math.round((Date.now() - start) / 1000)} s\n`);
    }, heartbeatMs);
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
