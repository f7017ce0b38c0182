// Reads jest's reports and prints the one line that counts. Exits 1 when anything failed, or was skipped without leave.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

const [reports, leavePath, failedSteps] = process.argv.slice(2);

const read = (name) => JSON.parse(readFileSync(join(reports, name), "utf8"));
let suites;
try {
  suites = new Map(read("first").testResults.map((suite) => [suite.name, suite]));
  if (existsSync(join(reports, "second")))
    for (const suite of read("second").testResults) {
      suites.set(suite.name, suite);
      if (suite.status === "passed")
        console.log(`UNSTABLE: failed beside others, passed alone: ${relative(process.cwd(), suite.name)}`);
    }
} catch {
  console.log("the tests left no report");
  console.log("0 passed, 1 failed, 0 skipped");
  process.exit(1);
}
const leave = new Set(
  readFileSync(leavePath, "utf8")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/, 1)[0]),
);

const count = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites.values()) {
  const file = relative(process.cwd(), suite.name);
  const failed = suite.assertionResults.filter((test) => test.status === "failed").length;
  // A suite that cannot be loaded has failed without a test of its own.
  count.failed += suite.status === "failed" ? Math.max(failed, 1) : 0;
  count.passed += suite.assertionResults.filter((test) => test.status === "passed").length;
  for (const test of suite.assertionResults) {
    if (test.status !== "pending" && test.status !== "todo") continue;
    if (leave.has(file)) count.skipped++;
    else {
      count.failed++;
      console.log(`skipped without leave: ${file}: ${test.fullName}`);
    }
  }
}
// The tests are one of the steps: do not count their failure twice.
const testsFailed = [...suites.values()].some((suite) => suite.status === "failed");
count.failed += Math.max(Number(failedSteps) - (testsFailed ? 1 : 0), 0);
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exit(count.failed === 0 && count.passed > 0 ? 0 : 1);
