import type { Event, Party } from "@daybook/contract";
import { readDate } from "../reading/date.ts";
import { type HeaderBlock, messageIdOf, sha256, valueOf } from "../reading/header-block.ts";
import type { Mailbox, MailReading, Refusal } from "../reading/reading.ts";
import { REFUSALS } from "../reading/reading.ts";

/** JSON bytes that all recipients of an event may take. */
const MAX_RECIPIENT_BYTES = 150_000;
/** UTF-16 units that text may have; each takes six bytes of JSON at most. */
const MAX_TEXT = 80_000;
const MAX_TEXT_BYTES = 480_000;

/** What an event says of a message: read, or by its header block alone. */
export type MailFields = Pick<
  Event,
  "conversation" | "sender" | "recipients" | "sentAt" | "localTime" | "text" | "replyTo" | "networkId"
>;

/** Somebody known otherwise than by a header: from an envelope. */
export interface MoreRecipients {
  readonly addresses: readonly string[];
}

/**
 * The fields of a message's event.
 *
 * @param of what was read of it; where it was refused, only its header block speaks
 * @param stable the message without trace, which names it where it names itself not
 */
export function fieldsOf(
  of: { readonly reading: MailReading } | { readonly refused: Refusal; readonly block: HeaderBlock },
  {
    block,
    stable,
    more = { addresses: [] },
  }: {
    readonly block: HeaderBlock;
    readonly stable: Uint8Array;
    readonly more?: MoreRecipients;
  },
): { fields: MailFields; doubts: string[] } {
  const reading = "reading" in of ? of.reading : bareReading(of.block, REFUSALS[of.refused]);
  const doubts = [...reading.doubts];
  const networkId = networkIdOf(reading.messageId) ?? `sha256:${sha256(stable)}`;
  const replyTo = networkIdOf(reading.inReplyTo ?? reading.references.at(-1));
  const root = networkIdOf(reading.references[0] ?? reading.inReplyTo) ?? networkId;
  const author = reading.from[0] ?? reading.sender[0];
  const { recipients, isCut } = recipientsOf(reading, more);
  if (isCut) doubts.push("it has more recipients than are shown");
  const date = valueOf(block, "date", 200);
  const time = readDate(date);
  if (!time && date !== undefined) doubts.push("its date is none that can be read");
  const { text, isTextCut } = textOf(reading);
  if (isTextCut) doubts.push("its text is longer than is shown");
  const people = new Set([...(author ? [author.address] : []), ...recipients.map(({ id }) => id)]);
  return {
    fields: {
      conversation: {
        id: root,
        title: titleOf(reading.subject),
        kind: people.size > 2 ? "group" : people.size === 2 ? "direct" : "unknown",
      },
      ...(author && { sender: partyOf(author) }),
      ...(recipients.length > 0 && { recipients }),
      ...time,
      ...(text !== "" && { text }),
      ...(replyTo !== undefined && { replyTo }),
      networkId,
    },
    doubts,
  };
}

/** A Message-ID as `networkId` and `target` hold it: by its digest where it is too long. */
export function networkIdOf(messageId: string | undefined): string | undefined {
  if (messageId === undefined) return undefined;
  const id = messageId.toWellFormed();
  return id.length <= 512 ? id : `sha256:${sha256(id)}`;
}

export function partyOf({ address, name }: Mailbox): Party {
  const id = address.toWellFormed();
  return {
    id: id.length <= 512 ? id : `sha256:${sha256(id)}`,
    name: (name || address).toWellFormed().slice(0, 256),
  };
}

/** A subject without what replies put in front of it: RFC 5256, section 2.1, in the languages that are met most. */
export function titleOf(subject: string | undefined): string {
  let title = (subject ?? "").toWellFormed().slice(0, 1_000).trim();
  for (let i = 0; i < 20; i += 1) {
    const shorter = title.replace(/^(?:re|aw|sv|antw|tr|wg|fwd?|rv)(?:\[\d+\])?\s*:\s*/i, "");
    if (shorter === title) break;
    title = shorter;
  }
  return title;
}

function recipientsOf(
  { to, cc, bcc }: MailReading,
  more: MoreRecipients,
): { recipients: Party[]; isCut: boolean } {
  const found = new Map<string, Party>();
  let size = 0;
  const boxes = [...to, ...cc, ...bcc, ...more.addresses.map((address) => ({ address, name: "" }))];
  for (const box of boxes) {
    const party = partyOf(box);
    if (found.has(party.id)) continue;
    size += Buffer.byteLength(JSON.stringify(party));
    if (found.size >= 2_000 || size > MAX_RECIPIENT_BYTES)
      return { recipients: [...found.values()], isCut: true };
    found.set(party.id, party);
  }
  return { recipients: [...found.values()], isCut: false };
}

/** The subject stands above the text, as in an inbox: so words find either. */
function textOf({ subject, text }: MailReading): { text: string; isTextCut: boolean } {
  const whole = [subject, text?.trimEnd()].filter((part) => part !== undefined && part !== "").join("\n\n");
  let cut = whole.slice(0, MAX_TEXT_BYTES);
  if (cut.length > MAX_TEXT) {
    while (Buffer.byteLength(JSON.stringify(cut)) > MAX_TEXT_BYTES)
      cut = cut.slice(0, Math.floor(cut.length * 0.8));
  }
  return { text: cut.toWellFormed(), isTextCut: cut.length < whole.length };
}

/** What a header says to somebody who reads no MIME: enough to file a message that nothing else could be read of. */
function bareReading(block: HeaderBlock, doubt: string): MailReading {
  const boxes = (name: string): Mailbox[] =>
    [...(valueOf(block, name) ?? "").matchAll(/[^\s<>,;:"()]{1,200}@[^\s<>,;:"()]{1,200}/g)].map(
      ([address]) => ({
        address: address.toLowerCase(),
        name: "",
      }),
    );
  const id = (name: string) => messageIdOf(/<[^<>]{1,2000}>/.exec(valueOf(block, name) ?? "")?.[0]);
  return {
    from: boxes("from"),
    sender: boxes("sender"),
    to: boxes("to"),
    cc: boxes("cc"),
    bcc: boxes("bcc"),
    subject: valueOf(block, "subject", 998),
    messageId: id("message-id"),
    inReplyTo: id("in-reply-to"),
    references: [id("references") ?? []].flat(),
    text: undefined,
    attachments: [],
    doubts: [doubt],
  };
}
