import type { AgentPart } from "@daybook/contract";
import { numberIn, type ProviderRow, type RowPart, textIn } from "./row.ts";

/** IANA's number of UTF-8 among character sets, as MMS names it. */
const UTF_8 = 106;
/** How a message is laid out; it says nothing of its own. */
export const LAYOUT = "application/smil";

/** What a row says in words. */
export function textOf(row: ProviderRow): string | undefined {
  if (row.table === "sms") return textIn(row, "body");
  const texts = row.parts.filter(isText).flatMap(({ text }) => (text ? [text] : []));
  const subject = subjectOf(row);
  const all = subject === undefined ? texts : [subject, ...texts];
  return all.length > 0 ? all.join("\n") : undefined;
}

/** The attachments that came with the entry and are this row's, in its order. */
export function attachmentsOf(row: ProviderRow, parts: readonly AgentPart[]): AgentPart[] {
  const named = row.parts.flatMap(({ sha256 }) => parts.find((one) => one.sha256 === sha256) ?? []);
  // What the row does not name is kept too.
  return [...named, ...parts.filter((one) => !named.includes(one))];
}

/** Parts whose content the device no longer has, or never had. */
export function missingParts(row: ProviderRow, parts: readonly AgentPart[]): RowPart[] {
  return row.parts.filter((one) => {
    const isHere = one.sha256 != null && parts.some(({ sha256 }) => sha256 === one.sha256);
    return !isHere && one.ct !== LAYOUT && !(isText(one) && one.text != null);
  });
}

/** What of a row is the same whenever it is read: not whether it was read or sent. */
export function stableOf(row: ProviderRow, parts: readonly AgentPart[]): unknown {
  const { device, table, row: id, date, addresses } = row;
  const numbers =
    table === "sms" ? [textIn(row, "address") ?? ""] : addresses.map((one) => one.address).sort();
  const content = row.parts.map(({ ct, text = null, sha256 = null }) => [ct, text, sha256]);
  return [device, table, id, date, numbers, textOf(row) ?? null, content, parts.map(({ sha256 }) => sha256)];
}

export function isText({ ct }: Pick<RowPart, "ct">): boolean {
  return ct.toLowerCase().startsWith("text/plain");
}

/** Android keeps a subject's UTF-8 bytes as if each were a character (`PduPersister.toIsoString`). */
function subjectOf(row: ProviderRow): string | undefined {
  const subject = textIn(row, "sub");
  if (subject === undefined || numberIn(row, "sub_cs") !== UTF_8) return subject;
  if (/[^\0-\xff]/.test(subject)) return subject;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(subject, "latin1"));
  } catch {
    return subject;
  }
}
