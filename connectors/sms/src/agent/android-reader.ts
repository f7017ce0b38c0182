import { createHash } from "node:crypto";
import type { AgentAccount, AgentDraft, AgentPart, AgentReader, Event } from "@daybook/contract";
import { numberIn, type ProviderRow, rowOf, textIn } from "./row.ts";
import { boxOf, sidesOf } from "./sides.ts";
import { standingOf } from "./standing.ts";
import { attachmentsOf, missingParts, stableOf, textOf } from "./words.ts";

const CONNECTOR = { name: "sms-agent", version: "1" } as const;

// `PduHeaders.MESSAGE_TYPE_*`.
const NOT_FETCHED = 130;
const REPORTS: Readonly<Record<number, string>> = { 134: "delivered", 136: "read" };
const WORDS: ReadonlySet<string> = new Set(["body", "sub", "parts"]);
const STANDING: ReadonlySet<string> = new Set(["type", "msg_box", "status"]);
/** The last instant that RFC 3339 can say. */
const END_OF_TIME = 253_402_300_799_999;

type Content = Pick<Event, "kind"> & Partial<Event>;

/** Rows of Android's Telephony provider, as an archival agent hands them over: `AGENT.md`. */
export const androidSmsReader: AgentReader = {
  kind: "android-sms",
  network: "sms",
  read(raw, parts, about) {
    const row = rowOf(raw);
    const base = {
      v: 1,
      network: "sms",
      method: "device-agent",
      provenance: "captured",
      account: about.account,
      custodian: about.custodian,
      connector: CONNECTOR,
      raw: raw.toString("base64"),
    } as const;
    const made = row ? draftsOf(row, parts, about) : [unreadable(raw, parts)];
    // The first holds the bytes; others of the same row refer to it.
    return made.map(({ content, ...draft }, n) => ({
      ...draft,
      event: { ...base, ...content, raw: n === 0 ? base.raw : "" },
    }));
  },
};

interface Made extends Omit<AgentDraft, "event"> {
  readonly content: Content;
}

function draftsOf(row: ProviderRow, parts: readonly AgentPart[], about: AgentAccount): Made[] {
  const id = `android:${row.device}:${row.table}:${row.row}:${row.date}`;
  const sides = sidesOf(row, about);
  const where = { ...sides, ...timesOf(row) };
  const at = instant(row.at);
  const observed = { ...sides, ...(at !== undefined && { receivedAt: at }), target: id };
  const digest = sha256(JSON.stringify(stableOf(row, parts)));
  if (row.seen === "gone") return [one(`${id}:gone`, id, { ...observed, kind: "delete" }, parts)];
  const report = REPORTS[numberIn(row, "m_type") ?? 0];
  if (row.table === "mms" && report !== undefined)
    return [
      one(`${id}:report`, digest, { ...where, kind: "receipt", text: report, ...targetOf(row) }, parts),
    ];
  if (row.table === "mms" && numberIn(row, "m_type") === NOT_FETCHED)
    return [
      one(
        `${id}:not-fetched`,
        digest,
        { ...where, kind: "gap", gap: { why: NOT_FETCHED_WHY, about: id } },
        parts,
      ),
    ];
  if (boxOf(row) === "draft")
    return [one(`${id}:draft`, digest, { ...where, kind: "notice", text: DRAFT_TEXT }, parts)];
  const isNew = row.seen === "new" || row.changes.includes("m_type");
  if (isNew) return [...messageOf(row, parts, { id, digest, where }), ...receiptsOf(row, id, observed)];
  const made = row.changes.some((name) => WORDS.has(name))
    ? [
        one(
          // The words may be what they were after an edit before.
          `${id}:edit:${digest}:${row.at}`,
          digest,
          { ...observed, kind: "edit", ...words(row) },
          attachmentsOf(row, parts),
        ),
      ]
    : [];
  if (row.changes.some((name) => STANDING.has(name))) made.push(...receiptsOf(row, id, observed));
  if (made.length > 0) return made;
  const changed = sha256(JSON.stringify(row));
  return [
    one(`${id}:changed:${changed}`, changed, { ...observed, kind: "notice", text: CHANGED_TEXT }, parts),
  ];
}

const NOT_FETCHED_WHY = "An MMS was announced to the device and has not been fetched by it";
const DRAFT_TEXT = "The device's agent handed over a draft, which is no message";
const CHANGED_TEXT =
  "A message changed on the device in a way that concerns neither its words nor how it stands";
const UNREAD_TEXT =
  "The device's agent handed over something that is no row of its messages: it is kept as it came";

function messageOf(
  row: ProviderRow,
  parts: readonly AgentPart[],
  { id, digest, where }: { id: string; digest: string; where: Partial<Event> },
): Made[] {
  const { recipients: _, ...near } = where;
  return [
    one(id, digest, { ...where, kind: "message", networkId: id, ...words(row) }, attachmentsOf(row, parts)),
    ...missingParts(row, parts).map((part) => {
      const why = `An attachment is missing: ${part.missing ?? "the device's agent did not hand it over"}`;
      const gap = { why: why.toWellFormed(), about: (part.name ?? part.ct).toWellFormed() };
      return one(`${id}:gap:${part.row}`, digest, { ...near, kind: "gap", target: id, gap }, []);
    }),
  ];
}

function receiptsOf(row: ProviderRow, id: string, observed: Partial<Event>): Made[] {
  const said = standingOf(row);
  if (said === undefined) return [];
  return [one(`${id}:standing:${said}`, sha256(said), { ...observed, kind: "receipt", text: said }, [])];
}

function unreadable(raw: Buffer, parts: readonly AgentPart[]): Made {
  const digest = sha256(raw);
  return one(`android:unread:${digest}`, digest, { kind: "notice", text: UNREAD_TEXT }, parts);
}

/** @param stable what is the same at every redelivery: a digest, or what one is made of */
function one(eventId: string, stable: string, content: Content, parts: readonly AgentPart[]): Made {
  const stableDigest = /^[0-9a-f]{64}$/.test(stable) ? stable : sha256(stable);
  return { eventId, stableDigest, content, ...(parts.length > 0 && { parts }) };
}

function words(row: ProviderRow): Pick<Event, "text"> {
  const text = textOf(row);
  return text === undefined ? {} : { text };
}

/** `sentAt` is the sender's clock, or the network's in between; `receivedAt` the device's. */
function timesOf(row: ProviderRow): Partial<Event> {
  const unit = row.table === "mms" ? 1_000 : 1;
  const date = instant(row.date * unit);
  if (date === undefined) return {};
  if (boxOf(row) !== "incoming") return { sentAt: date };
  const sent = (numberIn(row, "date_sent") ?? 0) * unit;
  return { sentAt: (sent > 0 ? instant(sent) : undefined) ?? date, receivedAt: date };
}

function targetOf(row: ProviderRow): Partial<Event> {
  const about = textIn(row, "m_id");
  return about === undefined ? {} : { target: about.slice(0, 512).toWellFormed() };
}

function instant(ms: number): string | undefined {
  return ms > 0 && ms <= END_OF_TIME ? new Date(ms).toISOString() : undefined;
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
