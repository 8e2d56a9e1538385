import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tallyPytest, tallyVitest } from "../../../scripts/lib/tallies.mjs";
import { temporaryFolder } from "../python/support/workspace.ts";

function report(text: string): string {
  const file = join(temporaryFolder(), "report");
  writeFileSync(file, text);
  return file;
}

describe("tallyVitest", () => {
  const suite = (status: string, ...tests: string[]) => ({
    status,
    assertionResults: tests.map((test) => ({ status: test })),
  });

  it("counts tests, and a file that does not load as one failure", () => {
    const file = report(
      JSON.stringify({
        numPassedTests: 2,
        numFailedTests: 1,
        numPendingTests: 1,
        numTodoTests: 1,
        testResults: [suite("passed", "passed"), suite("failed", "passed", "failed"), suite("failed")],
      }),
    );
    expect(tallyVitest(file)).toEqual({ passed: 2, failed: 2, skipped: 2 });
  });

  it("counts nothing where there is no report", () => {
    expect(tallyVitest("/nowhere/report.json")).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});

describe("tallyPytest", () => {
  it("counts what passed, and errors as failures", () => {
    const file = report(
      '<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2" skipped="3" tests="10" time="1.5"><testcase /></testsuite></testsuites>',
    );
    expect(tallyPytest(file)).toEqual({ passed: 4, failed: 3, skipped: 3 });
  });

  it("counts nothing where there is no report", () => {
    expect(tallyPytest("/nowhere/report.xml")).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});
