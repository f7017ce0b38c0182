import { type ArchiveRecord, canonical, type Json } from "@daybook/archive-core";

// What the tables say of a record, worked out again from the record: none of it is taken from the writer.

export const INDEX_HEADER = [
  ...["id", "kind", "network", "method", "provenance", "custodian", "conversation", "sender", "recipients"],
  ...["sentAt", "localTime", "capturedAt", "attachments", "shard", "index"],
].join("|");

/** Row of `index.csv`, without its LF. */
export function expectedRow(r: ArchiveRecord, place: { shard: string; index: number }): string {
  return [
    r.id,
    r.kind,
    r.network,
    r.method,
    r.provenance,
    shown(r.custodian?.id, r.custodian?.name),
    shown(r.conversation?.id, r.conversation?.title),
    shown(r.sender?.id, r.sender?.name),
    (r.recipients ?? []).map(({ id, name }) => shown(id, name)).join("; "),
    r.sentAt ?? "",
    r.localTime ?? "",
    r.capturedAt,
    (r.attachments ?? []).map((a) => a.sha256).join("; "),
    place.shard,
    `${place.index}`,
  ]
    .map(quoted)
    .join("|");
}

/** Line of `gaps.jsonl`, `coverage.jsonl` or `audit.jsonl`, without its LF; undefined for other records. */
export function expectedView(r: ArchiveRecord, about?: Json): string | undefined {
  if (r.kind === "audit") return canonical({ ...r.audit, capturedAt: r.capturedAt, id: r.id });
  const link = {
    account: r.account,
    capturedAt: r.capturedAt,
    conversation: r.conversation?.id,
    custodian: r.custodian,
    id: r.id,
    method: r.method,
    network: r.network,
  };
  if (r.kind === "coverage") return canonical({ ...link, ...r.coverage });
  if (r.kind === "gap") return canonical({ ...link, ...r.gap, about, target: r.target });
  return undefined;
}

function shown(id: string | undefined, name: string | undefined): string {
  if (id === undefined) return "";
  return name === undefined || name === "" || name === id ? id : `${name} <${id}>`;
}

function quoted(value: string): string {
  const isFormula = "=+-@\t\r".includes(value[0] ?? " ") && !/^\+[\d ()-]*$/.test(value);
  const guarded = isFormula ? `'${value}` : value;
  return ["|", '"', "\r", "\n"].some((c) => guarded.includes(c))
    ? `"${guarded.split('"').join('""')}"`
    : guarded;
}
