import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Attachments } from "./attachments.ts";
import { checkBag, TAG_MANIFEST } from "./bag.ts";
import { CheckedFiles } from "./checked-files.ts";
import { Disposals } from "./disposals.ts";
import { parseKeys, readLogs } from "./logs.ts";
import { openPackage } from "./open-package.ts";
import { type Problem, Problems } from "./problems.ts";
import { checkReceipt } from "./receipt.ts";
import { checkRecords } from "./records.ts";
import { Tables } from "./tables.ts";

export interface VerifyOptions {
  /** Verifier keys that came another way than the package: each has to be that of a log in it. */
  readonly keys?: readonly string[];
  /** Where the receipt is, if not as `NAME.receipt` beside `NAME` or `NAME.zip`. */
  readonly receipt?: string;
  /** Told now and then how many records are checked. */
  readonly onProgress?: (records: number) => void;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly records: number;
  readonly problems: readonly Problem[];
  readonly logs: readonly { readonly origin: string; readonly size: number }[];
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
 * @throws {VerifyError} `not-found`, `unreadable`, `bad-key`
 */
export async function verifyPackage(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  const given = parseKeys(options.keys ?? []);
  const problems = new Problems();
  const container = openPackage(path, problems);
  try {
    const files = new CheckedFiles(container, problems);
    await checkBag(files, problems);
    const logs = readLogs(files, given, problems);
    const tables = new Tables(problems);
    await tables.read(files);
    const attachments = new Attachments(problems);
    const disposals = new Disposals(files, problems);
    const { onProgress } = options;
    const records = await checkRecords({
      ...{ files, problems, logs: logs.logs, tables, attachments, disposals },
      ...(onProgress && { onProgress }),
    });
    disposals.finish();
    await attachments.check(files);
    await files.rest();
    const receipt = receiptOf(path, options);
    if (receipt !== undefined) checkReceipt(receipt, files.digestOfManifest(TAG_MANIFEST), logs, problems);
    return {
      ok: problems.count === 0,
      records,
      problems: problems.listed,
      logs: logs.logs.map(({ origin, size }) => ({ origin, size })),
      keyFrom: logs.keyFrom,
      receipt: receipt !== undefined,
    };
  } finally {
    container.close();
  }
}

function receiptOf(path: string, { receipt }: VerifyOptions): string | undefined {
  if (receipt !== undefined) return receipt;
  const beside = `${resolve(path).replace(/\.zip$/, "")}.receipt`;
  return existsSync(beside) ? beside : undefined;
}
