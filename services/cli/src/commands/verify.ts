import type { ReportedLog, VerifyReport } from "@daybook/verify";
import { howMany, type Output, printable } from "../output.ts";
import { readPem } from "../read-pem.ts";

/** What `daybook verify` is given by another way than the package. */
export interface VerifyCommandOptions {
  /** Verifier keys of logs, and of witnesses. */
  readonly key?: readonly string[];
  readonly witness?: readonly string[];
  /** File with the certificates, PEM, of a time-stamp authority's root. */
  readonly tsaCa?: string;
}

/** `daybook verify`: offline. @returns whether the package is good */
export async function verifyCommand(
  path: string,
  { key = [], witness = [], tsaCa }: VerifyCommandOptions,
  output: Output,
): Promise<boolean> {
  const authority = tsaCa === undefined ? undefined : await readPem(tsaCa);
  output.progress("checking");
  const { verifyPackage } = await import("@daybook/verify");
  const report = await verifyPackage(path, {
    keys: key,
    witnesses: witness,
    ...(authority !== undefined && { tsaCa: authority }),
  });
  output.result(report, () => inWords(report));
  return report.ok;
}

const NONE =
  "It is no evidence package, or a part of one: give the folder that holds bagit.txt, or its ZIP, whole and decrypted.";

/** What was found, for people. */
export function inWords(report: VerifyReport): string {
  const logs = report.logs.flatMap((log) => [
    `  ${printable(log.origin)}: ${log.size} records in its log`,
    ...outsiders(log).map((line) => `    ${line}`),
  ]);
  const problems = report.problems.map(
    ({ path: where, problem }) => `  ${where === "" ? "" : `${printable(where)}: `}${printable(problem)}`,
  );
  const isNone = report.problems.some(
    ({ path: where, problem }) => where === "bagit.txt" && problem === "missing",
  );
  const key =
    report.keyFrom === "given"
      ? "The logs are signed by the keys you gave."
      : "The logs are signed by the keys in the package: compare them with those you were given, or use --key.";
  const alone = report.logs.every(({ witnessed }) => witnessed.length === 0);
  const nobody = alone ? ["No witness is known to have seen these logs."] : [];
  return report.ok
    ? [`Good: ${report.records} records, each proved to be in its log.`, ...logs, key, ...nobody].join("\n")
    : [
        `NOT GOOD: ${howMany(problems.length, "problem")}.`,
        ...(isNone ? [NONE] : []),
        ...problems,
        ...logs,
      ].join("\n");
}

/** Who else saw a log, and what time is proved. */
function outsiders({ witnessed, unknownWitnesses, stamp }: ReportedLog): string[] {
  const unvouched = "only the package vouches for its";
  const lines = witnessed.map(({ witness, at, keyFrom }) => {
    const who = `seen by the witness ${printable(witness)} at ${at}`;
    return keyFrom === "given" ? who : `${who}; ${unvouched} key: use --witness`;
  });
  if (unknownWitnesses.length > 0)
    lines.push(`signed also by ${unknownWitnesses.map(printable).join(", ")}: not known, and not checked`);
  if (stamp) {
    const when = `there at ${stamp.at}, by the stamp of ${printable(stamp.authority)}`;
    lines.push(stamp.caFrom === "given" ? when : `${when}; ${unvouched} authority: use --tsa-ca`);
  }
  return lines;
}
