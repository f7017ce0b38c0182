// Reads jest's report and prints the one line that counts. Exits 1 when anything failed, or was skipped without leave.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const [reportPath, leavePath, failedSteps] = process.argv.slice(2);

let report;
try {
  report = JSON.parse(readFileSync(reportPath, "utf8"));
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

let unexcused = 0;
for (const suite of report.testResults) {
  const file = relative(process.cwd(), suite.name);
  const skipped = suite.assertionResults.filter(
    (test) => test.status === "pending" || test.status === "todo",
  );
  if (skipped.length === 0 || leave.has(file)) continue;
  unexcused += skipped.length;
  for (const test of skipped) console.log(`skipped without leave: ${file}: ${test.fullName}`);
}
// The tests are one of the steps: do not count their failure twice.
const testsFailed = report.numFailedTests + report.numRuntimeErrorTestSuites;
const otherSteps = Number(failedSteps) - (report.success ? 0 : 1);
const failed = testsFailed + unexcused + Math.max(otherSteps, 0);
console.log(
  `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests - unexcused} skipped`,
);
process.exit(failed === 0 && report.numPassedTests > 0 ? 0 : 1);
