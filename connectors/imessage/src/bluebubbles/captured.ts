import type { Captured, Event, Party } from "@daybook/contract";
import { coreOf, waitingAttachment, type WaitingAttachment } from "@daybook/keeping";
import { z } from "zod";
import { CUSTODIAN, digestOf, type Entry } from "../reading/entry.ts";
import { CONNECTOR } from "./options.ts";
import type { Item } from "./reading.ts";

/** An attachment that is not had yet. */
export const waitingFile = waitingAttachment.extend({ guid: z.string(), mediaType: z.string() });
export type WaitingFile = z.infer<typeof waitingFile>;

export interface Draft extends Captured {
  readonly item: Item;
}

/** What the events of an account share. */
export function about({ account, custodian }: { account: string; custodian: Party }) {
  return {
    v: 1,
    method: "device-agent",
    provenance: "captured",
    account,
    custodian,
    connector: CONNECTOR,
  } as const;
}

export function draftOf(
  entry: Entry,
  item: Item,
  of: { readonly account: string; readonly custodian: Party; readonly relay: Event["relay"] },
): Draft {
  const { eventId, stableDigest, rowid: _, raw, files: __, alsoIn: ___, sender, recipients, ...read } = entry;
  const named = (party: Party): Party =>
    party.name === CUSTODIAN ? { id: party.id || of.account, name: of.custodian.name } : party;
  return {
    item,
    eventId,
    stableDigest,
    event: {
      ...about(of),
      ...read,
      ...(sender && { sender: named(sender) }),
      ...(recipients && { recipients: recipients.map(named) }),
      ...(of.relay && entry.kind === "message" && { relay: of.relay }),
      raw: raw.toString("base64"),
    },
  };
}

/** Recorded by its bytes alone: what does not fit the schema of events. */
export function inPlaceOf({ item, event, eventId, stableDigest }: Draft): Captured {
  const { v, method, provenance, account, custodian, connector, network } = event;
  return {
    eventId: `${eventId.slice(0, 400)}:unreadable`,
    stableDigest,
    event: {
      ...{ v, method, provenance, account, connector, network },
      ...(custodian && { custodian }),
      kind: "notice",
      text: "What BlueBubbles served could not be read: its bytes are kept",
      raw: item.raw.subarray(0, 1_000_000).toString("base64"),
    },
  };
}

/** The attachments of a message, which are fetched once it is recorded. */
export function waitingOf(
  entry: Entry,
  { item, event, eventId, stableDigest }: Draft,
  { now, keepMs }: { now: number; keepMs: number },
): WaitingFile[] {
  if (entry.kind !== "message") return [];
  const base: Pick<WaitingAttachment, "core" | "eventId" | "stableDigest"> = {
    eventId,
    stableDigest,
    core: coreOf(event),
  };
  return entry.files.flatMap(({ name, mediaType }, n) => {
    const guid = item.message?.attachments?.[n]?.guid;
    if (guid === undefined) return [];
    const fitted = name.toWellFormed() || "attachment";
    const file = digestOf(guid).slice(0, 20);
    return [
      { ...base, n, file, guid, name: fitted, mediaType, until: now + keepMs, nextAt: now, attempts: 0 },
    ];
  });
}
