import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../..");
const SOURCE = path.join(ROOT, "ts-client/src");

/** What a room may import, each with whether only types may cross. */
interface Rules {
  readonly rooms: ReadonlyMap<string, boolean>;
  readonly packages: ReadonlyMap<string, boolean>;
}

interface Import {
  readonly file: string;
  readonly line: string;
  readonly target: string;
  readonly typesOnly: boolean;
}

/** The table of rooms in the architecture's document. */
function readRules(): Map<string, Rules> {
  const lines = readFileSync(path.join(ROOT, "docs/architecture.md"), "utf8").split("\n");
  const rows = lines.flatMap((line) => {
    const [, room, , rooms, packages] = line.split("|").map((cell) => cell.trim());
    const name = room?.match(/^`(\w+)`$/)?.[1];
    return name === undefined ? [] : [[name, { rooms: names(rooms), packages: names(packages) }] as const];
  });
  return new Map(rows);
}

function names(cell = ""): Map<string, boolean> {
  const found = cell.matchAll(/`([^`]+)`( \(types\))?/g);
  return new Map(Array.from(found, ([, name = "", types]) => [name, types !== undefined]));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file));
}

/** Every import and re-export of a file, dynamic ones too. */
function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const statements = text.matchAll(/^(?:import|export)\s([^;]*?)\sfrom\s+"([^"]+)"/gm);
  const dynamic = text.matchAll(/\bimport\("([^"]+)"\)(\.\w+)?/g);
  const bare = text.matchAll(/^import\s+"([^"]+)"/gm);
  return [
    ...Array.from(statements, ([line, names = "", target = ""]) => ({
      file,
      line,
      target,
      typesOnly: onlyTypes(names),
    })),
    // `typeof import("x")` is a type.
    ...Array.from(dynamic, (match) => ({
      file,
      line: match[0],
      target: match[1] ?? "",
      typesOnly: text.slice(0, match.index).endsWith("typeof "),
    })),
    ...Array.from(bare, ([line, target = ""]) => ({ file, line, target, typesOnly: false })),
  ];
}

function onlyTypes(clause: string): boolean {
  if (clause.startsWith("type ")) return true;
  const inner = clause.match(/^\{([\s\S]*)\}$/)?.[1];
  const parts = inner
    ?.split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  return parts?.every((part) => part.startsWith("type ")) ?? false;
}

function roomOf(file: string): string | undefined {
  const parts = path.relative(SOURCE, file).split(path.sep);
  return parts.length > 1 ? parts[0] : undefined;
}

const rules = readRules();
const rooms = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const show = ({ file, line }: Import) => `${path.relative(ROOT, file)}: ${line.replace(/\s+/g, " ")}`;

describe("rooms", () => {
  it("are all in the architecture's table", () => {
    expect(rooms.map(({ name }) => name).filter((name) => !rules.has(name))).toEqual([]);
  });

  it.each(rooms.map(({ name }) => name))("%s imports only what the table allows", (room) => {
    const allowed = rules.get(room);
    const wrong = sourceFiles(path.join(SOURCE, room))
      .flatMap(importsOf)
      .filter(({ file, target, typesOnly }) => {
        if (target.startsWith("node:")) return room === "scheduler";
        const isLocal = target.startsWith(".");
        const name = isLocal ? (roomOf(path.resolve(path.dirname(file), target)) ?? target) : target;
        if (name === room) return false;
        const rule = (isLocal ? allowed?.rooms : allowed?.packages)?.get(name);
        return rule === undefined || (rule && !typesOnly);
      });
    expect(wrong.map(show)).toEqual([]);
  });
});

describe("the entry file", () => {
  it("only re-exports", () => {
    const text = readFileSync(path.join(SOURCE, "index.ts"), "utf8");
    const statements = text
      .split(";")
      .map((statement) => statement.trim())
      .filter((statement) => statement !== "");
    expect(
      statements.filter((statement) => !/^export (\*|type \{|\{)[\s\S]* from "\.[^"]+"$/.test(statement)),
    ).toEqual([]);
  });
});

describe("the scheduler", () => {
  it("has no clock, no random source, no timer and no process", () => {
    const forbidden =
      /\b(Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|process|crypto)\b|Math\.random/;
    const found = sourceFiles(path.join(SOURCE, "scheduler")).flatMap((file) =>
      readFileSync(file, "utf8")
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")
        .split("\n")
        .filter((line) => forbidden.test(line))
        .map((line) => `${path.relative(ROOT, file)}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });
});
