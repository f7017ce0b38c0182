import type { ArchiveRecord } from "@daybook/archive-core";

/** Header row of `index.csv`. */
export const INDEX_HEADER =
  "id|kind|network|method|provenance|custodian|conversation|sender|recipients|sentAt|localTime|capturedAt|attachments|shard|index\n";

/** The row of a record: `|` between cells, RFC 4180 quoting, LF at the end. */
export function indexRow(record: ArchiveRecord, shard: string, index: number): string {
  const { conversation, attachments } = record;
  const cells = [
    record.id,
    record.kind,
    record.network,
    record.method,
    record.provenance,
    named(record.custodian),
    named(conversation && { id: conversation.id, name: conversation.title }),
    named(record.sender),
    record.recipients?.map(named).join("; ") ?? "",
    record.sentAt ?? "",
    record.localTime ?? "",
    record.capturedAt,
    attachments?.map(({ sha256 }) => sha256).join("; ") ?? "",
    shard,
    String(index),
  ];
  return `${cells.map(cell).join("|")}\n`;
}

/** `Name <id>`, or the id alone where the name adds nothing. */
export function named(party: { readonly id: string; readonly name: string } | undefined): string {
  if (!party) return "";
  return party.name === "" || party.name === party.id ? party.id : `${party.name} <${party.id}>`;
}

/** What a spreadsheet would run as a formula; a telephone number is none. */
const FORMULA = /^(?![+][\d ()-]*$)[=+\-@\t\r]/;
const NEEDS_QUOTES = /[|"\r\n]/;

function cell(value: string): string {
  const harmless = FORMULA.test(value) ? `'${value}` : value;
  return NEEDS_QUOTES.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
