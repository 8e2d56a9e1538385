// Reads the totals out of the test runners' own reports.
import { existsSync, readFileSync } from "node:fs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/**
 * Reads vitest's JSON report. A file that fails to load has no tests of its own and counts as one failure.
 *
 * @param {string} file
 * @returns {Tally}
 */
export function tallyVitest(file) {
  if (!existsSync(file)) return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(readFileSync(file, "utf8"));
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.some(isFailed),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * Reads the JUnit report of pytest.
 *
 * @param {string} file
 * @returns {Tally}
 */
export function tallyPytest(file) {
  const suites = existsSync(file) ? (readFileSync(file, "utf8").match(/<testsuite [^>]*>/g) ?? []) : [];
  const sum = (name) =>
    suites.reduce((total, suite) => total + Number(suite.match(` ${name}="(\\d+)"`)?.[1] ?? 0), 0);
  const failed = sum("failures") + sum("errors");
  return { passed: sum("tests") - failed - sum("skipped"), failed, skipped: sum("skipped") };
}

function isFailed({ status }) {
  return status === "failed";
}
