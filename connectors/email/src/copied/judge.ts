import type { Mailbox } from "../journal/receive.ts";
import { isMessage } from "../journal/report.ts";
import type { MailFields } from "../events/fields.ts";
import { type HeaderBlock, valueOf } from "../reading/header-block.ts";
import type { ReadMessage } from "../reading/read-message.ts";
import type { MailReading, ReadAttachment } from "../reading/reading.ts";
import type { CopyAddresses } from "./addresses.ts";
import { type Quoted, readQuoted } from "./quoted.ts";

/**
 * How a message came to the official address. `written` is for what was written to the address itself, with nothing in it
 * that can be told to be another message.
 */
export type CopyKind = "copied" | "attached" | "redirected" | "inline" | "screenshot" | "written";

export interface Judgement {
  readonly kind: CopyKind;
  /** Whose copy it is, where a registered address says so. */
  readonly owner?: Mailbox;
  /** The registered address that sent it here: who gets a receipt. */
  readonly sentBy?: string;
  /** Messages that are enclosed, byte for byte. */
  readonly enclosed: readonly ReadAttachment[];
  /** Of what is forwarded as text alone. */
  readonly quoted?: Quoted;
}

const RESENT = ["resent-from", "resent-sender", "resent-date", "resent-message-id", "resent-to"];
const FORWARDED = /^\s*(?:fwd?|wg|tr|rv|doorst|vs|vb)\s*:/i;
const MARKED = /^[> \t]{0,20}(?:-{2,20} ?(?:forwarded|original) message ?-{2,20}|begin forwarded message:)/im;
const MARK_CHARACTERS = 40_000;
/** Words beside pictures that are still no message of their own. Characters. */
const FEW_WORDS = 300;

/**
 * Tells apart how a message came. Whom it is addressed to decides: what goes to others, the official address among them or
 * hidden, is a copy; what goes to the official address alone was forwarded to it.
 */
export function judge(
  { block, result }: Pick<ReadMessage, "block" | "result">,
  { sender, recipients = [] }: Pick<MailFields, "sender" | "recipients">,
  of: {
    readonly envelopeFrom: string;
    readonly addresses: CopyAddresses;
    readonly mailboxes: readonly Mailbox[];
  },
): Judgement {
  const { addresses, mailboxes } = of;
  const ownerOf = (address: string | undefined) =>
    mailboxes.find((one) => address !== undefined && one.addresses.includes(address));
  const reading = result.refused === undefined ? result.reading : undefined;
  const to = recipients.map(({ id }) => id);
  const enclosed = (reading?.attachments ?? []).filter(isMessage);
  const author = ownerOf(sender?.id);
  const resender = [addressIn(valueOf(block, "resent-from")), of.envelopeFrom.toLowerCase()].find(ownerOf);
  const isResent = RESENT.some((name) => block.fields.some((field) => field.name === name));
  if (!author) {
    const owner = ownerOf(resender) ?? to.map(ownerOf).find((one) => one !== undefined);
    const isAddressed = to.some((address) => addresses.has(address));
    return {
      kind: isAddressed && !isResent ? "copied" : "redirected",
      ...(owner && { owner }),
      ...(resender !== undefined && { sentBy: resender }),
      enclosed: [],
    };
  }
  const about = { owner: author, ...(sender && { sentBy: sender.id }) };
  if (isResent) return { ...about, kind: "redirected", enclosed: [] };
  const others = to.filter((address) => !addresses.has(address) && !author.addresses.includes(address));
  if (others.length > 0) return { ...about, kind: "copied", enclosed: [] };
  if (enclosed.length > 0) return { ...about, kind: "attached", enclosed };
  const quoted = readQuoted(reading?.text ?? "");
  if (quoted ?? isForwarded(block, reading))
    return { ...about, kind: "inline", enclosed, ...(quoted && { quoted }) };
  return { ...about, kind: reading && isPicture(reading) ? "screenshot" : "written", enclosed };
}

/** Whether a program wrote it, or it went to many: nobody is to be answered. RFC 3834, section 2; RFC 2369, RFC 2919. */
export function isAutomatic(block: HeaderBlock, envelopeFrom: string): boolean {
  const submitted = valueOf(block, "auto-submitted", 100)?.toLowerCase();
  const precedence = valueOf(block, "precedence", 100)?.toLowerCase() ?? "";
  const type = valueOf(block, "content-type", 200)?.toLowerCase() ?? "";
  return (
    envelopeFrom === "" ||
    (submitted !== undefined && !/^no\b/.test(submitted)) ||
    /\b(?:bulk|list|junk)\b/.test(precedence) ||
    type.startsWith("multipart/report") ||
    block.fields.some(({ name }) => name.startsWith("list-") || name === "x-auto-response-suppress")
  );
}

function isForwarded(block: HeaderBlock, reading: MailReading | undefined): boolean {
  const subject = reading?.subject ?? valueOf(block, "subject", 200) ?? "";
  return FORWARDED.test(subject) || MARKED.test((reading?.text ?? "").slice(0, MARK_CHARACTERS));
}

function isPicture({ attachments, text }: MailReading): boolean {
  return (
    attachments.length > 0 &&
    attachments.every(({ mediaType }) => mediaType.startsWith("image/")) &&
    (text ?? "").trim().length <= FEW_WORDS
  );
}

function addressIn(value: string | undefined): string | undefined {
  return /[^\s<>,;:"()]{1,200}@[^\s<>,;:"()]{1,200}/.exec(value ?? "")?.[0].toLowerCase();
}
