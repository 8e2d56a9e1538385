import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pythonPath, runPython } from "../support/python.ts";
import { collectExamples } from "./support/collect.ts";
import { type Compiled, compile } from "./support/compile.ts";
import { type Example, placeOf, toExample } from "./support/example.ts";
import { createProject, type Project, ROOT } from "./support/project.ts";
import { commandsOf, runCommands } from "./support/run-commands.ts";
import { type ModuleRunner, startRunner } from "./support/run-modules.ts";

const examples = collectExamples();
const modules = examples.filter(isModule);
const pythons = examples.filter(({ language, noRun }) => language === "python" && noRun === undefined);
/** Examples that are wrong, each in its way. */
const wrong = {
  type: broken("const width: string = image.length;\n"),
  failure: broken('await pool.ask({ image, prompt: "What?", maxNewTokens: -1 });\n'),
  output: broken('console.log("red"); // blue\n'),
};

let project: Project;
let compiled: Compiled;
let runner: ModuleRunner;
let pythonErrors: readonly (string | null)[];

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.mjs"), "--if-stale"]);
  project = createProject(await pythonPath());
  const python = runPython("docs/run_examples.py", [JSON.stringify(pythons.map(({ code }) => code))]);
  compiled = compile([...modules, ...Object.values(wrong)], project);
  runner = await startRunner(compiled.runner, project);
  pythonErrors = JSON.parse((await python).trimEnd().split("\n").at(-1) ?? "[]");
});

afterAll(async () => {
  await runner?.[Symbol.asyncDispose]();
  project?.[Symbol.dispose]();
});

describe.each([...new Set(examples.map(({ file }) => file))])("examples of %s", (page) => {
  const own = examples.filter(({ file }) => file === page);
  const daemons: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of daemons) await end();
  });

  it.each(own.filter(isModule).map(named))("%s has the right types", (_place, example) => {
    expect(compiled.examples.get(example)?.problems).toEqual([]);
  });

  it.each(own.filter(({ noRun }) => noRun === undefined).map(named))("%s runs", async (_place, example) => {
    if (example.language === "sh") daemons.push(...(await runCommands(example, project)));
    else if (example.language === "python") expect(pythonErrors[pythons.indexOf(example)]).toBeNull();
    else await runModule(example);
  });

  it.each(
    own.filter(({ noRun }) => noRun !== undefined).map((each) => [placeOf(each), each.noRun, each] as const),
  )("%s is not run: %s; it names only what is there", (_place, _reason, example) => {
    for (const command of example.language === "sh" ? commandsOf(example) : []) checkCommand(command);
  });
});

describe("an example", () => {
  it("with a wrong type is found, at its line", () => {
    expect(compiled.examples.get(wrong.type)?.problems).toEqual([
      "wrong.md:7: Type 'number' is not assignable to type 'string'.",
    ]);
  });

  it("that fails is found", async () => {
    await expect(runModule(wrong.failure)).rejects.toThrow("maxNewTokens");
  });

  it("that prints something else than it says is found", async () => {
    await expect(runModule(wrong.output)).rejects.toThrow("deeply equal");
  });

  it("in another language, or not run for no reason, is refused", () => {
    for (const info of ["bash", "ts no-run", "ts no-run: no", "ts norun: needs a GPU"]) {
      expect(() => toExample(info, "", "page.md", 8)).toThrow(`page.md:7: \`${info}\` is not understood`);
    }
  });

  it("of a command that is not the package's needs a mark", async () => {
    const example = { ...broken("rm -r cache # or so\n"), language: "sh" } as const;
    await expect(runCommands(example, project)).rejects.toThrow("`rm -r cache` is not run by the tests");
  });
});

function isModule({ language }: Example): boolean {
  return language === "ts" || language === "js";
}

function named(example: Example): readonly [string, Example] {
  return [placeOf(example), example];
}

function broken(code: string): Example {
  return { file: "wrong.md", line: 7, language: "ts", code, noRun: undefined, standIn: undefined };
}

/** Runs an example. @throws what it throws, or that it prints something else than it says */
async function runModule(example: Example): Promise<void> {
  const { path = "", prints } = compiled.examples.get(example) ?? {};
  const outcome = await runner.run(path);
  if (!outcome.ok) throw new Error(outcome.error);
  if (prints !== undefined) expect(outcome.stdout.trimEnd().split("\n")).toEqual(prints);
}

/** Looks for the files, scripts and modules that a development command names. */
function checkCommand(command: string): void {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const [script] = /(?<=\bnpm run )[\w:-]+/.exec(command) ?? [];
  if (script !== undefined) expect(manifest.scripts).toHaveProperty([script]);
  const [module] = /(?<=\bpython -m )scripts[\w.]+/.exec(command) ?? [];
  if (module !== undefined) expect(existsSync(join(ROOT, `${module.replaceAll(".", "/")}.py`))).toBe(true);
  for (const [file] of command.matchAll(/(?<= )(?:py-worker|scripts|test|models|examples)\/[\w./-]+/g)) {
    expect(existsSync(join(ROOT, file)), file).toBe(true);
  }
}
