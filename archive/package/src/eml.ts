import { type ArchiveRecord } from "@daybook/archive-core";
import { sortTime } from "@daybook/contract";
import { attachmentPath } from "./attachment-name.ts";
import { checkedContent } from "./checked-attachment.ts";
import {
  address,
  base64Lines,
  base64Stream,
  date,
  fileNameParameter,
  listField,
  textField,
} from "./header.ts";
import { named } from "./index-csv.ts";
import type { PackageAttachment } from "./input.ts";
import type { FileBody } from "./sink.ts";

/** Attachments of a message up to this much in all stand in its EML; larger ones only in `data/attachments`. */
const MAX_EMBEDDED_BYTES = 64 * 1024 * 1024;
const MAX_LINE = 900;
const PLAIN = /^[\x20-\x7e\t\r\n]*$/;

/** Kinds that have an EML: what a person wrote. */
export function hasEml({ kind }: ArchiveRecord): boolean {
  return kind === "message" || kind === "edit";
}

/**
 * A record as an RFC 5322 message. Its sending time has the zone `-0000` where the source names none.
 *
 * @param digest SHA-256 of the record, hex
 */
export function eml(
  record: ArchiveRecord,
  about: { shard: string; index: number; digest: string; attachments: readonly PackageAttachment[] },
): FileBody {
  const embedded = fitting(about.attachments);
  const head = headers(record, about);
  const text = textPart(bodyText(record, about.attachments.slice(embedded.length)));
  if (embedded.length === 0) return `${head}${text}`;
  return multipart(head, text, embedded, `=_${record.id}`);
}

function headers(record: ArchiveRecord, about: { shard: string; index: number; digest: string }): string {
  const { network, conversation, sender, recipients, custodian } = record;
  const unknown = { id: "unknown", name: "" };
  let out = listField("From", [address(sender ?? unknown, network)]);
  out += recipients?.length
    ? listField(
        "To",
        recipients.map((party) => address(party, network)),
      )
    : listField("To", ["undisclosed-recipients:;"]);
  out += textField("Subject", conversation?.title || conversation?.id || network);
  out += `Date: ${date(new Date(sortTime(record)), record.sentAt === undefined && record.localTime !== undefined ? "-0000" : "+0000")}\r\n`;
  out += `Message-ID: <${record.id}@daybook.invalid>\r\nMIME-Version: 1.0\r\n`;
  const own: Record<string, string | undefined> = {
    Record: record.id,
    "Record-SHA256": about.digest,
    "Log-Index": `${about.shard} ${about.index}`,
    Kind: record.kind,
    Network: network,
    Method: record.method,
    Provenance: record.provenance,
    Custodian: named(custodian),
    Conversation: conversation?.id,
    "Network-Id": record.networkId,
    Target: record.target,
    "Reply-To-Id": record.replyTo,
    "Local-Time": record.localTime,
    "Captured-At": record.capturedAt,
  };
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && value !== "") out += textField(`X-Daybook-${name}`, value);
  return out;
}

function bodyText(record: ArchiveRecord, left: readonly PackageAttachment[]): string {
  const notes = left.map((a) => `[attachment too large for this copy: data/${attachmentPath(a)}]`);
  return [record.text ?? "", ...notes].join("\n");
}

/** Headers and content of a text part. */
export function textPart(text: string): string {
  const lines = text.split(/\r\n|\r|\n/).join("\r\n");
  const type = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ";
  // What may travel as it is: RFC 2045 section 2.7.
  const isShort = lines.length < MAX_LINE || lines.split("\n").every((line) => line.length < MAX_LINE);
  if (isShort && PLAIN.test(lines)) return `${type}7bit\r\n\r\n${lines}\r\n`;
  return `${type}base64\r\n\r\n${base64Lines(Buffer.from(lines))}`;
}

async function* multipart(
  head: string,
  text: string,
  embedded: readonly PackageAttachment[],
  boundary: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(
    `${head}Content-Type: multipart/mixed;\r\n boundary="${boundary}"\r\n\r\n--${boundary}\r\n${text}`,
  );
  for (const attachment of embedded) {
    yield Buffer.from(`\r\n--${boundary}\r\n${attachmentHead(attachment)}\r\n`);
    yield* base64Stream(checkedContent(attachment));
  }
  yield Buffer.from(`\r\n--${boundary}--\r\n`);
}

function attachmentHead({ name, mediaType }: PackageAttachment): string {
  const known = /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}$/i.test(mediaType);
  // An attached message may not be base64 (RFC 2046 section 5.2.1), so it travels as mere bytes.
  const type = known && !/^(?:message|multipart)\//i.test(mediaType) ? mediaType : "application/octet-stream";
  return `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment${fileNameParameter(name)}\r\n`;
}

/** The first attachments that together are not too large. */
function fitting(attachments: readonly PackageAttachment[]): readonly PackageAttachment[] {
  let total = 0;
  const end = attachments.findIndex(({ sizeBytes }) => (total += sizeBytes) > MAX_EMBEDDED_BYTES);
  return end < 0 ? attachments : attachments.slice(0, end);
}
