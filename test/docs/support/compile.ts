import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { Example } from "./example.ts";
import { type ExampleModule, exampleModule } from "./example-module.ts";
import { type Project, ROOT } from "./project.ts";

/** As strict as the settings of a new project. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ["node"],
  typeRoots: [join(ROOT, "node_modules/@types")],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  rewriteRelativeImportExtensions: true,
  skipLibCheck: true,
};

/** An example as a module that can be imported, and what the compiler says of it. */
export interface CompiledExample extends Pick<ExampleModule, "prints"> {
  readonly path: string;
  /** One message each, with the line in the page. */
  readonly problems: readonly string[];
}

/** Examples by their place, and the module that runs them. */
export interface Compiled {
  readonly runner: string;
  readonly examples: ReadonlyMap<Example, CompiledExample>;
}

/** Compiles examples in a project, all in one go, beside the runner and the fixtures. */
export function compile(examples: readonly Example[], { folder }: Project): Compiled {
  const [fixtures = "", runner = ""] = ["fixtures.ts", "runner.ts"].map((name) => {
    copyFileSync(join(ROOT, "test/docs", name), join(folder, name));
    return join(folder, name);
  });
  const index = join(ROOT, "dist/index.d.ts");
  const names = ts.createProgram([index, fixtures], OPTIONS);
  const [packageNames, fixtureNames] = [exportsOf(names, index), exportsOf(names, fixtures)];
  const modules = examples.map((example, i) => {
    const { text, prints } = exampleModule(example, packageNames, fixtureNames);
    const path = join(folder, `example-${i}.ts`);
    writeFileSync(path, text);
    return { example, prints, path };
  });
  const program = ts.createProgram([runner, ...modules.map(({ path }) => path)], OPTIONS, undefined, names);
  program.emit();
  const compiled = modules.map(({ example, prints, path }): [Example, CompiledExample] => {
    const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(path));
    return [example, { prints, path: emitted(path), problems: found.map((each) => describe(each, example)) }];
  });
  return { runner: emitted(runner), examples: new Map(compiled) };
}

/** What a module exports, types among it. */
function exportsOf(program: ts.Program, file: string): string[] {
  const source = program.getSourceFile(file);
  const checker = program.getTypeChecker();
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is not there or exports nothing.`);
  return checker.getExportsOfModule(module).map(({ name }) => name);
}

function emitted(path: string): string {
  return path.replace(/\.ts$/, ".js");
}

function describe({ messageText, start = 0, file }: ts.Diagnostic, { file: page, line }: Example): string {
  // The module's first line is not the example's.
  const offset = (file?.getLineAndCharacterOfPosition(start).line ?? 1) - 1;
  return `${page}:${line + offset}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
}
