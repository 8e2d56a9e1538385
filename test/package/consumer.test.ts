import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findEnvironment } from "../../ts-client/src/python/index.ts";
import { developmentProgram, pack, ROOT, run, type Tarball } from "./support/tarball.ts";

let tarball: Tarball;
/** An empty project elsewhere, with the packed package and nothing else installed. */
let project: string;

beforeAll(() => {
  tarball = pack();
  project = realpathSync(mkdtempSync(join(tmpdir(), "instructblip-workers-consumer-")));
  cpSync(join(import.meta.dirname, "consumer"), project, { recursive: true });
  run(
    project,
    "npm",
    "install",
    tarball.file,
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
  );
});

afterAll(() => {
  tarball?.remove();
  if (project !== undefined) rmSync(project, { recursive: true, force: true });
});

describe("a project that installs the package", () => {
  it("type-checks against its declarations, those of its dependencies included", () => {
    const types = join(ROOT, "node_modules", "@types");
    expect(run(project, developmentProgram("tsc"), "-p", ".", "--typeRoots", types)).toBe("");
  });

  it("imports it", () => {
    const tsx = join(ROOT, "node_modules", "tsx", "dist", "loader.mjs");
    const printed = run(project, process.execPath, "--import", tsx, "main.ts");
    expect(JSON.parse(printed)).toEqual({
      version: JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version,
      advice: "try again: the queue is full",
      known: true,
    });
  });

  it("can require it where Node can require modules", async () => {
    writeFileSync(
      join(project, "main.cjs"),
      'process.stdout.write(typeof require("instructblip-workers").InstructBlipError);\n',
    );
    const flags = process.features.require_module === true ? [] : ["--experimental-require-module"];
    expect(run(project, process.execPath, ...flags, "--no-warnings", "main.cjs")).toBe("function");
  });

  it("has the command line", async () => {
    const version = run(project, "npx", "--no-install", "instructblip-workers", "--version").trim();
    expect(version).toBe(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version);
  });

  it("answers a question about a picture", async () => {
    const { python } = await findEnvironment();
    cpSync(join(ROOT, "examples", "pictures", "three.png"), join(project, "three.png"));
    cpSync(join(import.meta.dirname, "consumer", "ask.mjs"), join(project, "ask.mjs"));
    const printed = run(project, process.execPath, "ask.mjs", python);
    expect(JSON.parse(printed)).toEqual({ text: "red", streamed: "red", generated: "red" });
  });

  it("runs the daemon, asks it and stops it with npx", async () => {
    const { python } = await findEnvironment();
    const env = {
      ...process.env,
      INSTRUCTBLIP_WORKERS_PYTHON: python,
      XDG_RUNTIME_DIR: mkdtempSync(join(tmpdir(), "ibw-")),
    };
    const cli = (...args: string[]) =>
      execFileSync("npx", ["--no-install", "instructblip-workers", ...args], {
        cwd: project,
        env,
        encoding: "utf8",
      });
    const daemon = spawn("npx", ["--no-install", "instructblip-workers", "start", "--json"], {
      cwd: project,
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(daemon, "exit");
    const [line] = await once(daemon.stdout, "data");
    expect(JSON.parse(String(line))).toMatchObject({ ok: true, name: "default" });
    expect(cli("ask", join(ROOT, "examples", "pictures", "three.png"), "What color is the circle?")).toBe(
      "red\n",
    );
    expect(JSON.parse(cli("stop", "--json"))).toMatchObject({ ok: true });
    expect(await ended).toEqual([0, null]);
    rmSync(env.XDG_RUNTIME_DIR, { recursive: true, force: true });
  });

  it("gets a doctor's report from it, whatever the state of the machine", async () => {
    const env = {
      ...process.env,
      INSTRUCTBLIP_WORKERS_CACHE_DIR: join(project, "cache"),
      INSTRUCTBLIP_WORKERS_PYTHON: "",
    };
    const doctor = promisify(execFile)("npx", ["--no-install", "instructblip-workers", "doctor", "--json"], {
      cwd: project,
      env,
    });
    const report = await doctor.catch((error: { code: number; stdout: string }) => error);
    const { ok, problems } = JSON.parse(report.stdout);
    expect(ok).toBe(false);
    expect(report).toMatchObject({ code: 1 });
    expect(problems.map(({ code }: { code: string }) => code)).toEqual(["ENVIRONMENT_MISSING"]);
  });
});
