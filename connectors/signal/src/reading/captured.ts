import { createHash } from "node:crypto";
import type { Captured, Event, SealedAttachment } from "@daybook/contract";
import type { LinkedAccount } from "../store/account.ts";
import type { Entry } from "../store/entry.ts";
import { CONNECTOR } from "../transport/network.ts";
import { readEntryContent } from "./content.ts";
import { messageId } from "../protocol/message-id.ts";
import { readGroupEntry } from "./group-entry.ts";
import { People } from "./people.ts";
import { instantOf, MAX_EVENTS, type Reading } from "./reading.ts";
import { readRenamed } from "./renamed.ts";

/** Whose events they are. */
export type DraftedAccount = Pick<LinkedAccount, "aci" | "deviceId" | "custodian">;

/** An event that is ready but for its attachments. */
export interface Draft {
  readonly eventId: string;
  readonly stableDigest: string;
  readonly event: Captured["event"];
  readonly attachments: NonNullable<Reading["attachments"]>;
}

/** Contents of a message are at most so long, bytes; whatever is longer is no message. */
const MAX_RAW_BYTES = 1_100_000;
/** Of the events of one content together, each of which has the whole of its bytes. */
const MAX_BYTES_OF_ALL = 4 * 1024 * 1024;

/**
 * Makes the events of an entry: the same ids and digests each time, so that handing them on again is harmless; names are
 * those that are known now.
 */
export function draftsOf(entry: Entry, account: DraftedAccount, people: People): Draft[] {
  const raw = rawOf(entry);
  const readings = bounded(readEntry(entry, people), raw.length);
  const id = entryId(entry, account);
  const stableDigest = createHash("sha256")
    .update(raw.length > 0 ? raw : id)
    .digest("hex");
  const receivedAt = "receivedAt" in entry ? instantOf(entry.receivedAt) : undefined;
  return readings.map(({ attachments = [], secret, known, ...reading }, n) => ({
    eventId: known?.id ?? (readings.length > 1 ? `${id}:${n}` : id),
    stableDigest: known?.digest ?? stableDigest,
    attachments,
    event: {
      v: 1,
      network: "signal",
      method: "linked-device",
      provenance: "captured",
      account: account.aci,
      custodian: account.custodian,
      ...(receivedAt !== undefined && { receivedAt }),
      ...reading,
      ...(entry.what === "content" && entry.relay && { relay: { ...entry.relay, state: "sent" as const } }),
      raw: secret || raw.length > MAX_RAW_BYTES ? "" : raw.toString("base64"),
      connector: CONNECTOR,
    } satisfies Omit<Event, "attachments" | "capturedAt">,
  }));
}

/** The network's own bytes, as far as an entry has any. */
function rawOf(entry: Entry): Buffer {
  if (entry.what === "content") return Buffer.from(entry.content, "base64");
  return Buffer.from(entry.what === "group-change" ? entry.change : "", "base64");
}

/** Nobody names thousands of messages at once but to do harm: the rest is one event, and in the bytes. */
function bounded(readings: readonly Reading[], rawBytes: number): readonly Reading[] {
  const most = Math.max(1, Math.min(MAX_EVENTS, Math.floor(MAX_BYTES_OF_ALL / Math.max(1, rawBytes))));
  const first = readings[0];
  if (!first || readings.length <= most) return readings;
  const { sender, direction, sentAt } = first;
  const rest: Reading = {
    kind: "notice",
    ...(sender && { sender }),
    ...(direction && { direction }),
    ...(sentAt !== undefined && { sentAt }),
    text: "The same about more messages: its bytes name them",
  };
  return [...readings.slice(0, most), rest];
}

function entryId(entry: Entry, account: DraftedAccount): string {
  switch (entry.what) {
    case "content":
      return `${entry.sender}.${entry.device}:${entry.timestamp}`;
    case "server-receipt":
      return `server-receipt:${entry.sender ?? ""}.${entry.device ?? 0}:${entry.timestamp ?? 0}`;
    case "undecryptable":
    case "recovered":
      return `${entry.what}:${entry.envelope}`;
    case "identity":
      return `identity:${entry.sender}:${entry.receivedAt}`;
    case "renamed":
      return `renamed:${entry.sender}:${entry.of}:${entry.receivedAt}`;
    case "coverage":
      return `coverage:${account.deviceId}:${entry.from}:${entry.state}`;
    case "group-change":
      return `group-log:${entry.group}:${entry.revision}`;
    case "group-state":
      return `group-state:${entry.group}:${entry.revision}`;
    case "gap":
    case "notice":
      return `${entry.what}:${entry.id}`;
  }
}

function readEntry(entry: Entry, people: People): Reading[] {
  switch (entry.what) {
    case "content":
      return readEntryContent(entry, people);
    case "server-receipt": {
      const who = entry.sender ?? "unknown";
      const target = messageId(people.own, entry.timestamp ?? 0);
      const conversation = people.conversationOf(target, who);
      return [
        {
          kind: "receipt",
          sender: people.party(who),
          direction: "incoming",
          text: "delivered",
          target,
          conversation,
        },
      ];
    }
    case "undecryptable": {
      const { sender, timestamp, group } = entry;
      const conversation = group ? people.group(group) : sender ? people.direct(sender) : undefined;
      const at = timestamp === undefined ? undefined : instantOf(timestamp);
      return [
        {
          kind: "gap",
          ...(sender && { sender: people.party(sender) }),
          direction: "incoming",
          ...(conversation && { conversation }),
          ...(at !== undefined && { sentAt: at }),
          gap: {
            why: `A message could not be decrypted: ${entry.why}`,
            ...(at !== undefined && { from: at, to: at }),
            ...(sender && timestamp !== undefined && { about: messageId(sender, timestamp) }),
          },
        },
      ];
    }
    case "recovered": {
      const { sender, timestamp } = entry;
      return [
        {
          kind: "notice",
          text: "A message that could not be decrypted is recorded now: its gap is closed",
          ...(sender && { conversation: people.direct(sender), sender: people.party(sender) }),
          ...(sender && timestamp !== undefined && { target: messageId(sender, timestamp) }),
        },
      ];
    }
    case "identity":
      return [
        {
          kind: "identity",
          sender: people.party(entry.sender),
          conversation: people.direct(entry.sender),
          text: "The safety number changed: the person has a new phone, or somebody else answers",
        },
      ];
    case "group-change":
    case "group-state":
      return readGroupEntry(entry, people);
    case "renamed":
      return [readRenamed(entry, people)];
    case "coverage":
      return [{ kind: "coverage", coverage: coverageOf(entry) }];
    case "gap": {
      const { from, to, why, about } = entry;
      const [first, last] = [from, to].map((at) => (at === undefined ? undefined : instantOf(at)));
      const gap = { why, ...(first && { from: first }), ...(last && { to: last }), ...(about && { about }) };
      return [{ kind: "gap", gap }];
    }
    case "notice":
      return [
        { kind: "notice", text: entry.text, ...(entry.target !== undefined && { target: entry.target }) },
      ];
  }
}

function coverageOf({ from, to, state }: Extract<Entry, { what: "coverage" }>) {
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), state };
}

/** The event with its attachments, each in the order in which the message names them. */
export function withAttachments(draft: Draft, attachments: readonly SealedAttachment[]): Captured {
  const { eventId, stableDigest, event } = draft;
  return { eventId, stableDigest, event, ...(attachments.length > 0 && { attachments }) };
}
