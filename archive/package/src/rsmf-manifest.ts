import type { Json } from "@daybook/archive-core";
import { attachmentPath } from "./attachment-name.ts";
import type { PackageAttachment } from "./input.ts";
import { eventsByNetworkId, type Participants } from "./rsmf-participants.ts";
import type { ReadRecord, ThreadDay, ThreadEvent } from "./thread.ts";

export const RSMF_VERSION = "2.0.0";

/** Longest reaction that RSMF knows. */
const MAX_REACTION = 30;

type Custom = { readonly name: string; readonly value: string };

/** `rsmf_manifest.json` of a day, before it is written. @param embedded what goes into `rsmf.zip` */
export function rsmfManifest(
  day: ThreadDay,
  participants: Participants,
  embedded: ReadonlySet<PackageAttachment>,
): { readonly events: readonly Json[] } & { readonly [name: string]: Json } {
  const replies = eventsByNetworkId(day.events);
  const events = day.events.map((event) => describe(event, participants, replies, embedded));
  const { conversation, custodian } = day;
  return {
    version: RSMF_VERSION,
    eventcollectionid: day.collection,
    participants: participants.entries(day.network),
    conversations: [
      {
        id: conversation.id,
        display: conversation.title === "" ? conversation.id : conversation.title,
        platform: day.network,
        type: conversation.kind === "direct" ? "direct" : "channel",
        participants: participants.ids,
        custodian: participants.idOf(custodian),
      },
    ],
    events: [...disclaimer(day), ...events],
  };
}

/** Time of a record as RSMF has it: with `Z`, or without a zone where the source names none. */
export function rsmfTime({ sentAt, localTime, capturedAt }: ReadRecord): string {
  return sentAt ?? localTime ?? capturedAt;
}

/** What a record says, for people. */
export function bodyOf({ kind, text, gap, target }: ReadRecord): string {
  if (kind === "message") return text ?? "";
  const what = target === undefined ? kind : `${kind} of an earlier message`;
  return [`[${what}]`, text ?? gap?.why ?? ""].join(" ").trim();
}

/** Whether the source named no zone. */
export function zoneUnknown({ sentAt, localTime }: ReadRecord): boolean {
  return sentAt === undefined && localTime !== undefined;
}

function disclaimer({ events, conversation }: ThreadDay): Json[] {
  const supplied = events.find(({ record }) => record.provenance === "supplied");
  if (!supplied) return [];
  return [
    {
      type: "disclaimer",
      conversation: conversation.id,
      timestamp: rsmfTime(supplied.record),
      body: "Events marked as supplied come from an export that an interested party handed over: text that could be edited before it was archived.",
    },
  ];
}

function describe(
  event: ThreadEvent,
  participants: Participants,
  replies: ReadonlyMap<string, string>,
  embedded: ReadonlySet<PackageAttachment>,
): Json {
  const { record, edits, deletions, reactions, receipts, attachments } = event;
  const custom = [...about(event), ...follow("Edit", edits), ...follow("Deletion", deletions)];
  custom.push(...follow("Reaction", reactions), ...follow("Receipt", receipts));
  const parent = record.replyTo === undefined ? undefined : replies.get(record.replyTo);
  if (record.replyTo !== undefined && parent === undefined)
    custom.push({ name: "Reply to (network id)", value: record.replyTo });
  for (const left of attachments.filter((a) => !embedded.has(a)))
    custom.push({ name: "Attachment not embedded", value: `data/${attachmentPath(left)}` });
  const inside = attachments.filter((a) => embedded.has(a));
  const versions = [bodyOf(record), ...edits.map(({ text }) => text ?? "")];
  return {
    id: record.id,
    type: record.kind === "message" ? "message" : "unknown",
    conversation: record.conversation?.id,
    ...(record.sender ? { participant: participants.idOf(record.sender) } : {}),
    timestamp: rsmfTime(record),
    body: versions.at(-1),
    ...(parent === undefined ? {} : { parent }),
    ...(record.direction ? { direction: record.direction } : {}),
    ...(deletions.length > 0 ? { deleted: true } : {}),
    ...(inside.length > 0
      ? {
          attachments: inside.map((a) => ({
            id: rsmfFile(a),
            display: a.name || rsmfFile(a),
            size: a.sizeBytes,
          })),
        }
      : {}),
    ...some(
      "edits",
      edits.map((edit, i) => ({
        participant: participants.idOf(edit.sender),
        timestamp: rsmfTime(edit),
        previous: versions[i],
        new: versions[i + 1],
      })),
    ),
    ...some(
      "reactions",
      reactions.filter(isShown).map((reaction) => ({
        value: reaction.text,
        count: 1,
        participants: [participants.idOf(reaction.sender)],
      })),
    ),
    ...some(
      "read_receipts",
      receipts.map((receipt) => ({
        participant: participants.idOf(receipt.sender),
        timestamp: rsmfTime(receipt),
        ...receiptAction(receipt),
      })),
    ),
    custom: custom.filter(({ value }) => value !== "").map(({ name, value }) => ({ name, value })),
  };
}

/** Name of an attachment in `rsmf.zip`: that of its file in the package. */
export function rsmfFile(attachment: PackageAttachment): string {
  return attachmentPath(attachment).slice("attachments/".length);
}

function about({ record, shard, index, digest }: ThreadEvent): Custom[] {
  return [
    { name: "Kind", value: record.kind },
    { name: "Provenance", value: record.provenance },
    { name: "Method", value: record.method },
    { name: "Time zone", value: zoneUnknown(record) ? "unknown" : "" },
    { name: "Captured at", value: record.capturedAt },
    { name: "Target (network id)", value: record.target ?? "" },
    { name: "Record SHA-256", value: digest },
    { name: "Log index", value: `${shard} ${index}` },
  ];
}

function follow(what: string, records: readonly ReadRecord[]): Custom[] {
  return records.flatMap((record, i) => [
    { name: `${what} ${i + 1} record`, value: record.id },
    { name: `${what} ${i + 1} time`, value: rsmfTime(record) },
    { name: `${what} ${i + 1} time zone`, value: zoneUnknown(record) ? "unknown" : "" },
    ...(what === "Reaction" && !isShown(record)
      ? [{ name: `${what} ${i + 1}`, value: record.text || "taken back" }]
      : []),
  ]);
}

function isShown({ text }: ReadRecord): boolean {
  return text !== undefined && text !== "" && text.length <= MAX_REACTION;
}

function receiptAction({ text }: ReadRecord): { action?: "read" | "delivered" } {
  if (text === undefined) return {};
  if (/deliver/i.test(text)) return { action: "delivered" };
  return /read|view|play|seen/i.test(text) ? { action: "read" } : {};
}

function some(name: string, list: readonly Json[]): { [name: string]: Json } {
  return list.length > 0 ? { [name]: list } : {};
}
