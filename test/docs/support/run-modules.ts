import { fork } from "node:child_process";
import { once } from "node:events";
import type { Outcome } from "../runner.ts";
import type { Project } from "./project.ts";

/** A process that runs compiled examples one after the other, with one pool for those that ask for none. */
export interface ModuleRunner extends AsyncDisposable {
  run(path: string): Promise<Outcome>;
}

/** @param runner - the compiled `runner.ts` */
export async function startRunner(runner: string, { folder, env }: Project): Promise<ModuleRunner> {
  const child = fork(runner, { cwd: folder, env, execArgv: [], stdio: ["ignore", "pipe", "pipe", "ipc"] });
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const exit = once(child, "exit");
  const answer = async (): Promise<unknown> => {
    const dead = exit.then(([code]) =>
      Promise.reject(new Error(`The runner ended with ${code}:\n${stderr}`)),
    );
    const [message] = await Promise.race([once(child, "message"), dead]);
    return message;
  };
  await answer();
  return {
    async run(path) {
      const answered = answer();
      child.send(path);
      return (await answered) as Outcome;
    },
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await exit;
    },
  };
}
