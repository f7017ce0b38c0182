import type { Verifier } from "@daybook/archive-core";
import { Attachments } from "./attachments.ts";
import { type Attested, type Outsiders, parseOutsiders, readAttestations } from "./attestations.ts";
import { checkBag, TAG_MANIFEST } from "./bag.ts";
import { CheckedFiles } from "./checked-files.ts";
import { Disposals } from "./disposals.ts";
import { parseKeys, readLogs } from "./logs.ts";
import { openPackage } from "./open-package.ts";
import { type Problem, Problems } from "./problems.ts";
import type { PackageFiles } from "./package-files.ts";
import { checkReceipt, type NamedReceipt, readReceipt } from "./receipt.ts";
import { checkRecords } from "./records.ts";
import { Tables } from "./tables.ts";

export interface VerifyOptions {
  /** Verifier keys that came another way than the package: each has to be that of a log in it. */
  readonly keys?: readonly string[];
  /** Verifier keys of witnesses, from elsewhere: each has to have signed a log here. */
  readonly witnesses?: readonly string[];
  /** Certificates, PEM, that stamps have to lead to, from elsewhere. */
  readonly tsaCa?: string;
  /** Where the receipt is, if not as `NAME.receipt` beside `NAME` or `NAME.zip`. */
  readonly receipt?: string;
  /** Told now and then how many records are checked. */
  readonly onProgress?: (records: number) => void;
}

/** A log of the package, and what others say of it. */
export interface ReportedLog extends Attested {
  readonly origin: string;
  readonly size: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly records: number;
  readonly problems: readonly Problem[];
  readonly logs: readonly ReportedLog[];
  /** `package` when any log's key had to come from the package itself. */
  readonly keyFrom: "package" | "given";
  /** Whether a receipt lay beside it: then `ok` speaks for the reading copies too, else only for the records. */
  readonly receipt: boolean;
}

/**
 * Checks an evidence package, offline: reads it, writes nothing, asks nobody. Whatever is wrong with the package
 * is in the report; memory and time are bounded by its size.
 *
 * @param path of the directory or ZIP
 * @throws {VerifyError} `not-found`, `unreadable`, `bad-key`, `bad-ca`
 */
export async function verifyPackage(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const given = parseKeys(options.keys ?? []);
  const outsiders = parseOutsiders(options.witnesses ?? [], options.tsaCa);
  const problems = new Problems();
  const files = openPackage(path, problems);
  try {
    const receipt = readReceipt(path, options.receipt, problems);
    return await verifyFiles(files, { ...options, given, outsiders, problems, receipt });
  } finally {
    files.close();
  }
}

/** Checks the files of a package, wherever they are. */
export async function verifyFiles(
  container: PackageFiles,
  { given, outsiders, problems, receipt, onProgress }: FilesToVerify,
): Promise<VerifyReport> {
  const files = new CheckedFiles(container, problems);
  await checkBag(files, problems);
  const logs = readLogs(files, given, problems);
  const attested = readAttestations(files, logs.logs, outsiders, problems);
  const tables = new Tables(problems);
  await tables.read(files);
  const attachments = new Attachments(problems);
  const disposals = new Disposals(files, problems);
  const checks = { files, problems, logs: logs.logs, tables, attachments, disposals };
  const records = await checkRecords({ ...checks, ...(onProgress && { onProgress }) });
  disposals.finish();
  await attachments.check(files);
  await files.rest();
  if (receipt) checkReceipt(receipt, files.digestOfManifest(TAG_MANIFEST), logs, problems);
  return {
    ok: problems.count === 0,
    records,
    problems: problems.listed,
    logs: logs.logs.map(({ origin, size }, i) => ({ origin, size, ...(attested[i] as Attested) })),
    keyFrom: logs.keyFrom,
    receipt: receipt !== undefined,
  };
}

export interface FilesToVerify {
  readonly given: readonly Verifier[];
  readonly outsiders: Outsiders;
  /** Those found when the files were listed; more are added. */
  readonly problems: Problems;
  readonly receipt: NamedReceipt | undefined;
  readonly onProgress?: (records: number) => void;
}
