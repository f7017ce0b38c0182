// Prints the test files that failed in jest's report, one a line: none where they are more than a loaded machine explains.
import { readFileSync } from "node:fs";

const MOST = 5;

const { testResults } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const failed = testResults.filter((suite) => suite.status === "failed").map((suite) => suite.name);
if (failed.length <= MOST) for (const name of failed) console.log(name);
