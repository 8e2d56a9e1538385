/**
 * Runs the scheduler's simulation for as many requests as asked, one seed after the other.
 *
 *     npx tsx scripts/simulate.ts --requests 10000000 --seed 1
 *
 * Prints what happened as JSON, and ends with status 1 at the first violation.
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { simulate } from "../ts-client/src/simulation/simulate.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    /** Requests in one run: each run has its own pool, clients and faults. */
    run: { type: "string", default: "4000" },
  },
});

function whole(name: keyof typeof values): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  console.error(`--${name} takes a whole number from 1 up, not "${values[name]}".`);
  process.exit(2);
}

const requests = whole("requests");
const perRun = whole("run");
const firstSeed = whole("seed");
const outcomes: Record<string, number> = {};
const faults: Record<string, number> = {};
const traces = createHash("sha256");
const total = { requests: 0, runs: 0, events: 0, faults: 0, stale: 0, virtualHours: 0 };
const startedAt = performance.now();
let toldAt = startedAt;

for (let seed = firstSeed; total.requests < requests; seed += 1) {
  const report = simulate({ seed, requests: Math.min(perRun, requests - total.requests) });
  total.requests += report.requests;
  total.runs += 1;
  total.events += report.events;
  total.stale += report.stale;
  total.virtualHours += report.virtualMs / 3_600_000;
  traces.update(report.trace);
  for (const [end, count] of report.outcomes) outcomes[end] = (outcomes[end] ?? 0) + count;
  for (const [name, count] of report.faults) {
    faults[name] = (faults[name] ?? 0) + count;
    total.faults += count;
  }
  if (report.violations.length > 0) {
    console.error(`Seed ${seed} with ${report.requests} requests broke a rule:`);
    for (const { rule, detail, at } of report.violations) {
      console.error(`  ${rule} at ${at.toFixed(3)} ms: ${detail}`);
    }
    process.exitCode = 1;
    break;
  }
  if (performance.now() - toldAt < 5000) continue;
  toldAt = performance.now();
  console.error(`${total.requests} requests, ${total.faults} faults, seed ${seed}`);
}

const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage();
const cpuSeconds = (user + system) / 1e6;
const summary = {
  ...total,
  virtualHours: Number(total.virtualHours.toFixed(1)),
  outcomes,
  faultsByName: faults,
  violations: process.exitCode === 1 ? 1 : 0,
  trace: traces.digest("hex").slice(0, 16),
  seconds: Number(seconds.toFixed(1)),
  /** On a busy machine this says more than the wall clock: it counts the garbage collector's threads too. */
  cpuSeconds: Number(cpuSeconds.toFixed(1)),
  requestsPerSecond: Math.round(total.requests / seconds),
  requestsPerCpuSecond: Math.round(total.requests / cpuSeconds),
};
console.log(JSON.stringify(summary, null, 2));
