import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { developmentProgram, pack, ROOT, run, type Tarball } from "./support/tarball.ts";

let tarball: Tarball;

beforeAll(() => {
  tarball = pack();
});

afterAll(() => tarball?.remove());

describe("the packed package", () => {
  it("holds what a user needs", () => {
    const wanted = [
      "package.json",
      "README.md",
      "LICENSE",
      "CHANGELOG.md",
      "dist/index.js",
      "dist/index.d.ts",
      "dist/cli/main.js",
      "protocol/README.md",
      "py-worker/server.py",
      "py-worker/requirements.txt",
      "py-worker/constraints.txt",
    ];
    expect(missing(wanted)).toEqual([]);
  });

  it.each(["py-worker/instructblip_worker", "py-worker/environment", "protocol/schema", "models"])(
    "holds every file under %s that git knows",
    (folder) => {
      const known = run(ROOT, "git", "ls-files", folder).trim().split("\n");
      const wanted = known.filter((path) => !folder.startsWith("py-worker") || path.endsWith(".py"));
      expect(wanted.length).toBeGreaterThan(0);
      expect(missing(wanted)).toEqual([]);
    },
  );

  it("holds the compiled form of every source", () => {
    const sources = readdirSync(join(ROOT, "ts-client", "src"), { recursive: true, encoding: "utf8" });
    const compiled = sources
      .filter((path) => path.endsWith(".ts"))
      .map((path) => `dist/${path.replace(/\.ts$/, ".js")}`);
    expect(tarball.paths.filter((path) => /^dist\/.*\.js$/.test(path)).sort()).toEqual(compiled.sort());
  });

  it("holds nothing else: no tests, no sources, no maps, no caches", () => {
    const unwanted =
      /(^|\/)(test|tests|scripts|ts-client|__pycache__|\.[^/]*)\/|\.map$|\.pyc$|(?<!\.d)\.ts$|-dev\.txt$/;
    expect(tarball.paths.filter((path) => unwanted.test(path))).toEqual([]);
  });

  it("imports its own files by the names they have there", () => {
    const wrong = tarball.paths
      .filter((path) => /^dist\/.*\.js$/.test(path))
      .filter((path) => /(from|import)\s*\(?"\.[^"]*(?<!\.js)"/.test(readFileSync(join(ROOT, path), "utf8")));
    expect(wrong).toEqual([]);
  });

  it("has a program that starts as one", () => {
    expect(readFileSync(join(ROOT, "dist/cli/main.js"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    const listing = execFileSync("tar", ["-tvzf", tarball.file], { encoding: "utf8" });
    expect(listing).toMatch(/^-rwxr-xr-x .* package\/dist\/cli\/main\.js$/m);
  });

  it("passes publint without a warning", () => {
    const report = run(ROOT, developmentProgram("publint"), "run", tarball.file, "--strict");
    expect(report).toContain("All good!");
  });

  it("has types that resolve as its modules do", () => {
    const attw = developmentProgram("attw");
    // Fails by its exit code; node10 and require() are not ours to serve.
    const report = run(ROOT, attw, tarball.file, "--profile", "esm-only", "--no-definitely-typed");
    expect(report).toContain("node16 (from ESM)");
  });
});

function missing(wanted: readonly string[]): string[] {
  const there = new Set(tarball.paths);
  return wanted.filter((path) => !there.has(path));
}
