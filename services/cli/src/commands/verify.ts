import { verifyPackage } from "@daybook/verify";
import { type Output, printable } from "../output.ts";

/** `daybook verify`: offline. @returns whether the package is good */
export async function verifyCommand(path: string, keys: readonly string[], output: Output): Promise<boolean> {
  output.progress("checking");
  const report = await verifyPackage(path, { keys });
  output.result(report, () => {
    const logs = report.logs.map((log) => `  ${log.origin}: ${log.size} records in its log`);
    const problems = report.problems.map(
      ({ path: where, problem }) => `  ${printable(where)}: ${printable(problem)}`,
    );
    const key =
      report.keyFrom === "given"
        ? "The logs are signed by the keys you gave."
        : "The logs are signed by the keys in the package: compare them with those you were given, or use --key.";
    return report.ok
      ? [`Good: ${report.records} records, each proved to be in its log.`, ...logs, key].join("\n")
      : [`NOT GOOD: ${problems.length} problems.`, ...problems, ...logs].join("\n");
  });
  return report.ok;
}
