// Runs every check and test, or with `--only NAME…` some of them, and ends with one line of totals:
// `N passed, N failed`, with `, N skipped` where some were. Run `scripts/bootstrap.mjs --dev` before.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensurePython } from "./lib/python.mjs";
import { root } from "./lib/root.mjs";
import { run } from "./lib/run.mjs";
import { tallyPytest, tallyVitest } from "./lib/tallies.mjs";

const PYTHON_SOURCES = ["py-worker", "scripts", "test"];
const PYTHON_CONFIG = join("py-worker", "pyproject.toml");
/** Test runners speak for themselves, but one long test may be silent. @unit milliseconds */
const TESTS_HEARTBEAT_MS = 60_000;
/** The folders of `test/`, what is quick first; a folder that is not named here comes last. */
const TEST_ORDER = ["unit", "contract", "simulation", "setup", "parity", "chaos", "e2e", "docs", "package"];

const { python } = await ensurePython({ dev: true });
const reports = mkdtempSync(join(tmpdir(), "instructblip-workers-test-"));
const sections = [
  check("lint", "Biome", [...script("@biomejs", "biome", "bin", "biome"), "check", "."]),
  check("lint", "Ruff", [...ruff("check"), ...PYTHON_SOURCES]),
  check("lint", "Ruff format", [...ruff("format"), "--check", ...PYTHON_SOURCES]),
  check("typecheck", "TypeScript", [
    ...script("typescript", "bin", "tsc"),
    "-p",
    "tsconfig.json",
    "--noEmit",
  ]),
  check("typecheck", "mypy --strict", [
    ...[python, "-m", "mypy", "--config-file", PYTHON_CONFIG],
    ...["py-worker", "scripts"],
  ]),
  pytest(),
  ...testFolders().map(vitest),
];

const chosen = choose(process.argv.slice(2));
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const section of chosen) {
  process.stdout.write(`\n━━ ${section.title} ━━\n`);
  const start = Date.now();
  const { passed, failed, skipped } = await section.work();
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  const seconds = Math.round((Date.now() - start) / 1000);
  if (failed > 0) failures.push(`${section.title}: ${failed} failed`);
  process.stdout.write(`── ${section.title}: ${totals({ passed, failed, skipped })} (${seconds} s)\n`);
}
rmSync(reports, { recursive: true, force: true });
if (failures.length > 0) process.stdout.write(`\nFailed:\n${failures.map((line) => `  ${line}\n`).join("")}`);
process.exitCode = total.failed === 0 ? 0 : 1;
process.stdout.write(`\n${totals(total)}\n`);

/** A program that passes or fails as a whole. */
function check(name, title, command) {
  const work = async () => {
    const code = await show(title, command);
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  };
  return { name, title, work };
}

function pytest() {
  const report = join(reports, "pytest.xml");
  return {
    name: "pytest",
    title: "pytest",
    work: async () => {
      const args = [
        `--junit-xml=${report}`,
        "--rootdir=py-worker",
        "-c",
        PYTHON_CONFIG,
        join("py-worker", "tests"),
      ];
      const code = await show("pytest", [python, "-m", "pytest", ...args], TESTS_HEARTBEAT_MS);
      return failedAtLeast(code, tallyPytest(report));
    },
  };
}

function vitest(name) {
  const report = join(reports, `${name}.json`);
  return {
    name,
    title: `Vitest: ${name}`,
    work: async () => {
      const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
      const code = await show(
        name,
        [...script("vitest", "vitest.mjs"), "run", "--project", name, ...reporters],
        TESTS_HEARTBEAT_MS,
      );
      return failedAtLeast(code, tallyVitest(report));
    },
  };
}

/** A runner that ends badly without a failed test, as on an error outside of any test, still failed. */
function failedAtLeast(code, tally) {
  return code !== 0 && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
}

function show(label, [command, ...args], heartbeatMs) {
  return run(label, command, args, { stdio: ["ignore", "inherit", "inherit"], heartbeatMs });
}

/** The command that runs an installed package's program with this Node. */
function script(...path) {
  return [process.execPath, join(root, "node_modules", ...path)];
}

function ruff(command) {
  return [python, "-m", "ruff", command, "--config", PYTHON_CONFIG];
}

function testFolders() {
  const folders = readdirSync(join(root, "test"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .filter((name) => readdirSync(join(root, "test", name), { recursive: true }).some(isTestFile));
  const rank = (name) => (TEST_ORDER.includes(name) ? TEST_ORDER.indexOf(name) : TEST_ORDER.length);
  return folders.sort((a, b) => rank(a) - rank(b));
}

function isTestFile(path) {
  return path.endsWith(".test.ts");
}

/** The sections that `--only` names (`--only unit pytest` or `--only unit,pytest`), or all. */
function choose(args) {
  const [flag, ...rest] = args;
  if (flag === undefined) return sections;
  const names = rest.flatMap((name) => name.split(","));
  const known = new Set(sections.map(({ name }) => name));
  const unknown = names.filter((name) => !known.has(name));
  if (flag !== "--only" || names.length === 0 || unknown.length > 0) {
    process.stderr.write(
      `Usage: npm test -- [--only NAME…], where NAME is one of ${[...known].join(", ")}\n`,
    );
    process.exit(2);
  }
  return sections.filter(({ name }) => names.includes(name));
}

function totals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
