import type { MailReading, ReadAttachment } from "../reading/reading.ts";
import { type HeaderBlock, valueOf } from "../reading/header-block.ts";

const MAX_RECIPIENTS = 20_000;
const MAX_LINE = 4_096;

/** How somebody got a message, as a journal knows: `Recipient` where it does not know more. */
export type RecipientClass = "to" | "cc" | "bcc" | "recipient";

export interface JournalRecipient {
  readonly address: string;
  readonly class: RecipientClass;
  /** The list that was expanded to this address, or the address that it was forwarded from. */
  readonly by?: { readonly how: "expanded" | "forwarded"; readonly address: string };
}

/** The envelope part of an Exchange journal report: [MS-XJRNL], section 2.1. */
export interface JournalEnvelope {
  readonly sender: string | undefined;
  readonly onBehalfOf: string | undefined;
  readonly subject: string | undefined;
  readonly messageId: string | undefined;
  readonly recipients: readonly JournalRecipient[];
  /** Lines that are none of the known ones. */
  readonly unknownLines: number;
  /** Whether more recipients stand there than are read. */
  readonly isCut: boolean;
}

/** Whether a message says that it is a journal report. Anybody can say so: whom to believe, the channel decides. */
export function claimsReport(block: HeaderBlock): boolean {
  return block.fields.some(({ name }) => name === "x-ms-journal-report");
}

/** Whether it is one that came back, or that a program wrote about another: RFC 3464, RFC 3834. */
export function isReturned(block: HeaderBlock): boolean {
  const type = valueOf(block, "content-type", 200)?.toLowerCase() ?? "";
  return type.startsWith("multipart/report");
}

/** What a report holds: its envelope, and the messages that it is about, byte for byte. One, as a rule. */
export function openReport(
  reading: MailReading,
): { envelope: JournalEnvelope; text: string; inner: readonly ReadAttachment[] } | undefined {
  const text = reading.text ?? "";
  const envelope = readEnvelope(text);
  if (envelope.sender === undefined && envelope.recipients.length === 0) return undefined;
  return { envelope, text, inner: reading.attachments.filter(isMessage) };
}

/** Whether it is a message, enclosed: by its type, or by its name where a program knew no better. */
export function isMessage({ name, mediaType }: ReadAttachment): boolean {
  return mediaType === "message/rfc822" || (/\.eml$/i.test(name) && mediaType === "application/octet-stream");
}

/** Reads the lines of an envelope; takes anything, in time linear in its length. */
export function readEnvelope(text: string): JournalEnvelope {
  const found: Record<string, string> = {};
  const recipients: JournalRecipient[] = [];
  const seen = new Set<string>();
  let unknownLines = 0;
  let isCut = false;
  for (const whole of text.split(/\r?\n/)) {
    const line = whole.slice(0, MAX_LINE).trim();
    if (line === "") continue;
    const [, label = "", value = ""] = /^([A-Za-z-]{1,40}):\s*(.*)$/.exec(line) ?? [];
    const key = label.toLowerCase();
    if (["to", "cc", "bcc", "recipient"].includes(key)) {
      const recipient = recipientOf(key as RecipientClass, value);
      if (!recipient || seen.has(JSON.stringify(recipient))) continue;
      if (recipients.length < MAX_RECIPIENTS) {
        recipients.push(recipient);
        seen.add(JSON.stringify(recipient));
      } else isCut = true;
    } else if (["sender", "on-behalf-of", "subject", "message-id"].includes(key)) found[key] ??= value;
    else unknownLines += 1;
  }
  return {
    sender: addressOf(found.sender),
    onBehalfOf: addressOf(found["on-behalf-of"]),
    subject: found.subject,
    messageId: found["message-id"]?.replace(/^<|>$/g, "").trim() || undefined,
    recipients,
    unknownLines,
    isCut,
  };
}

function recipientOf(kind: RecipientClass, value: string): JournalRecipient | undefined {
  const [first = "", ...rest] = value.split(",");
  const address = addressOf(first);
  if (address === undefined) return undefined;
  const by = /^\s*(Expanded|Forwarded):\s*(.+)$/i.exec(rest.join(","));
  const through = addressOf(by?.[2]);
  if (!by || through === undefined) return { address, class: kind };
  const how = by[1]?.toLowerCase() === "forwarded" ? "forwarded" : "expanded";
  return { address, class: kind, by: { how, address: through } };
}

function addressOf(value: string | undefined): string | undefined {
  const bare = value
    ?.trim()
    .replace(/^.*<([^<>]*)>.*$/, "$1")
    .replace(/^smtp:/i, "")
    .trim();
  return bare === undefined || bare === "" ? undefined : bare.slice(0, 512).toLowerCase();
}
