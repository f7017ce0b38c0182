import { type AddressObject, type Attachment, type EmailAddress, simpleParser } from "mailparser";
import type { Mailbox, MailReading, ReadAttachment, Refusal } from "./reading.ts";
import { MAX_HEADER_BYTES, messageIdOf, readHeaderBlock, repeatedFields } from "./header-block.ts";

const MAX_PARTS = 1_000;
const MAX_HTML_CHARACTERS = 512 * 1024;
/** The text of a journal report of 20,000 recipients is that long. */
const MAX_TEXT_CHARACTERS = 4 * 1024 * 1024;
const MAX_MAILBOXES = 2_000;
const MAX_REFERENCES = 1_000;

/**
 * Reads a message. Never fetches anything, never renders anything.
 *
 * @throws what `mailparser` throws for a message over its limits: see `refusalOf`
 */
export async function parse(message: Uint8Array): Promise<MailReading> {
  const block = readHeaderBlock(message);
  const mail = await simpleParser(Buffer.from(message.buffer, message.byteOffset, message.byteLength), {
    keepCidLinks: true,
    skipTextToHtml: true,
    skipTextLinks: true,
    keepDeliveryStatus: true,
    ignoreEmbedded: true,
    checksumAlgo: false,
    maxHtmlLengthToParse: MAX_HTML_CHARACTERS,
    maxHeadSize: MAX_HEADER_BYTES,
    maxChildNodes: MAX_PARTS,
  });
  const doubts = repeatedFields(block).map(
    (name) => `${name} stands there more than once: the first is shown`,
  );
  if (mail.textConversionError) doubts.push("its HTML could not be turned into text");
  const boxes = {
    from: mailboxes(mail.from),
    sender: mailboxes(mail.headers.get("sender")),
    to: mailboxes(mail.to),
    cc: mailboxes(mail.cc),
    bcc: mailboxes(mail.bcc),
  };
  if (Object.values(boxes).some(({ length }) => length === MAX_MAILBOXES))
    doubts.push("it names more addresses than are shown");
  if ((mail.text ?? "").length > MAX_TEXT_CHARACTERS) doubts.push("its text is longer than is read");
  const references = [mail.references ?? []].flat();
  return {
    ...boxes,
    subject: mail.subject,
    messageId: messageIdOf(mail.messageId),
    inReplyTo: messageIdOf(mail.inReplyTo),
    references: references.slice(0, MAX_REFERENCES).flatMap((one) => messageIdOf(one) ?? []),
    text: mail.text?.slice(0, MAX_TEXT_CHARACTERS),
    attachments: mail.attachments.map(attachmentOf),
    doubts,
  };
}

/** What `parse` threw, in a word: its message may hold what the mail says. */
export function refusalOf(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : "";
  if (/child nodes|nest|depth|level/i.test(message)) return "parts";
  if (/head/i.test(message)) return "header";
  return "unreadable";
}

function mailboxes(value: unknown): Mailbox[] {
  const found: Mailbox[] = [];
  const take = (addresses: readonly EmailAddress[], depth: number) => {
    for (const { address, name, group } of addresses) {
      if (found.length >= MAX_MAILBOXES) return;
      if (group && depth < 4) take(group, depth + 1);
      else if (address) found.push({ address: address.toLowerCase(), name });
    }
  };
  const objects = [value].flat() as (AddressObject | string | undefined)[];
  for (const one of objects) {
    if (typeof one === "object" && Array.isArray(one.value)) take(one.value, 0);
  }
  return found;
}

function attachmentOf({ filename, contentType, content }: Attachment, at: number): ReadAttachment {
  const isMail = contentType === "message/rfc822";
  return { name: filename ?? `part-${at + 1}${isMail ? ".eml" : ""}`, mediaType: contentType, content };
}
