import ts from "typescript";
import { type Example, SMALL } from "./example.ts";

/** A module that runs an example. */
export interface ExampleModule {
  readonly text: string;
  /** What the example says it prints: the comment after each `console.log`. Undefined when it does not say. */
  readonly prints: readonly string[] | undefined;
}

/** Hub repositories of the published checkpoints. */
const PUBLISHED = /Salesforce\/instructblip-[\w.-]+/g;

/** Configurations of published sizes, whose random weights would take gigabytes. */
const LARGE = /new ((?:InstructBlip|OPT)\w*Config)\(\)/g;

/**
 * Makes a module of an example: its imports stay in front, the rest becomes `run`, and what it uses without an
 * import comes from the package or from the examples' own fixtures. Lines stay lines: line n of the example is
 * line n + 1 of the module.
 */
export function exampleModule(
  { code, standIn }: Example,
  packageNames: readonly string[],
  fixtureNames: readonly string[],
): ExampleModule {
  const body = standIn === undefined ? code : substitute(code, standIn);
  const source = ts.createSourceFile("example.ts", body, ts.ScriptTarget.ES2022, true);
  const imports = source.statements.filter(ts.isImportDeclaration);
  const imported = new Set(imports.flatMap(namesOf));
  const heading = [
    importOf(packageNames, "instructblip-workers", imported),
    importOf(fixtureNames, "./fixtures.js", imported),
    ...imports.map((each) => each.getText().replace(/\s+/g, " ")),
  ];
  const isModule = source.statements.some((each) => ts.isExportAssignment(each));
  const rest = withoutImports(body, imports);
  const text = isModule
    ? `${heading.join(" ")}\n${rest}`
    : `${heading.join(" ")} export async function run(): Promise<void> {\n${rest}}\n`;
  return { text, prints: printedLines(source) };
}

/** The code with what cannot be had here replaced: checkpoints by a bundled one, or configurations by small ones. */
function substitute(code: string, standIn: string): string {
  return standIn === SMALL ? code.replace(LARGE, "new $1(small.$1)") : code.replace(PUBLISHED, standIn);
}

function importOf(names: readonly string[], from: string, but: ReadonlySet<string>): string {
  return `import { ${names.filter((name) => !but.has(name)).join(", ")} } from "${from}";`;
}

function namesOf({ importClause }: ts.ImportDeclaration): string[] {
  const { name, namedBindings } = importClause ?? {};
  const named =
    namedBindings === undefined
      ? []
      : ts.isNamedImports(namedBindings)
        ? namedBindings.elements.map((element) => element.name.text)
        : [namedBindings.name.text];
  return name === undefined ? named : [name.text, ...named];
}

/** The text with its imports blanked, line for line. */
function withoutImports(text: string, imports: readonly ts.ImportDeclaration[]): string {
  return imports.reduce((rest, each) => {
    const blank = each.getText().replace(/[^\n]/g, " ");
    return rest.slice(0, each.getStart()) + blank + rest.slice(each.end);
  }, text);
}

function printedLines(source: ts.SourceFile): string[] | undefined {
  const lines: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && node.expression.getText().startsWith("console.log(")) {
      const [comment] = ts.getTrailingCommentRanges(source.text, node.end) ?? [];
      if (comment !== undefined) lines.push(source.text.slice(comment.pos + 2, comment.end).trim());
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return lines.length === 0 ? undefined : lines;
}
