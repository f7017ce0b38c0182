import { sortTime } from "@daybook/contract";
import { checkedContent } from "./checked-attachment.ts";
import { textPart } from "./eml.ts";
import { address, base64Lines, base64Stream, date, listField, textField } from "./header.ts";
import type { PackageAttachment } from "./input.ts";
import { bodyOf, RSMF_VERSION, rsmfFile, rsmfManifest, rsmfTime, zoneUnknown } from "./rsmf-manifest.ts";
import { Participants } from "./rsmf-participants.ts";
import type { FileBody } from "./sink.ts";
import type { ThreadDay } from "./thread.ts";
import { ZipEncoder } from "./zip-encoder.ts";

/** Attachments of one file up to this much in all: Relativity takes no file above 2 GB, and base64 adds a third. */
const MAX_EMBEDDED_BYTES = 1024 * 1024 * 1024;

/**
 * A day of a conversation as RSMF 2.0: an RFC 5322 message with one attachment, `rsmf.zip`.
 *
 * @see help.relativity.com, "Relativity short message format"; rsmf_schema_2_0_0.json
 */
export async function rsmf(day: ThreadDay, packageName: string): Promise<FileBody> {
  const participants = new Participants(day);
  const embedded = embeddable(day);
  const manifest = rsmfManifest(day, participants, new Set(embedded.fitting));
  const json = Buffer.from(JSON.stringify(manifest));
  const boundary = `=_${day.collection}-${day.day}`;
  const head = Buffer.from(
    `${headers(day, participants, { packageName, events: manifest.events.length, attachments: embedded.files.length })}Content-Type: multipart/mixed;\r\n boundary="${boundary}"\r\n\r\n--${boundary}\r\n${textPart(transcript(day))}\r\n--${boundary}\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="rsmf.zip"\r\n\r\n`,
  );
  const tail = Buffer.from(`--${boundary}--\r\n`);
  if (embedded.files.length > 0) return inPieces(head, zipStream(json, embedded.files), tail);
  return Buffer.concat([head, Buffer.from(base64Lines(await zip(json)), "latin1"), tail]);
}

function headers(
  day: ThreadDay,
  participants: Participants,
  about: { packageName: string; events: number; attachments: number },
): string {
  const [custodian, ...others] = participants.parties;
  const { conversation, network } = day;
  const records = day.events.map(({ record }) => record);
  const first = records[0];
  const last = records.at(-1);
  const title = conversation.title === "" ? conversation.id : conversation.title;
  const to = others.length > 0 ? others : [day.custodian];
  let out = listField("From", [address(custodian ?? day.custodian, network)]);
  out += listField(
    "To",
    to.map((party) => address(party, network)),
  );
  out += textField("Subject", `${network}: ${title}, ${day.day}`);
  if (first) out += `Date: ${date(new Date(sortTime(first)), zoneUnknown(first) ? "-0000" : "+0000")}\r\n`;
  out += `Message-ID: <${day.name}@daybook.invalid>\r\nMIME-Version: 1.0\r\n`;
  out += `X-RSMF-Version: ${RSMF_VERSION}\r\nX-RSMF-Generator: Daybook\r\n`;
  if (first && last) {
    out += `X-RSMF-BeginDate: ${rsmfTime(first)}\r\nX-RSMF-EndDate: ${rsmfTime(last)}\r\n`;
    out += zoneUnknown(first) ? "X-RSMF-Daybook-TimeZone: unknown\r\n" : "";
  }
  out += `X-RSMF-EventCount: ${about.events}\r\nX-RSMF-AttachmentCount: ${about.attachments}\r\n`;
  out += `X-RSMF-EventCollectionID: ${day.collection}\r\n`;
  out += textField("X-RSMF-Application", network);
  out += textField("X-RSMF-Custodian", nameOf(day.custodian));
  out += textField("X-RSMF-Participants", participants.parties.map(nameOf).join(", "));
  return out + textField("X-RSMF-Daybook-Package", about.packageName);
}

/** What becomes the extracted text: every version of everything said. */
function transcript(day: ThreadDay): string {
  return day.events
    .map(({ record, edits, deletions }) =>
      [
        `${rsmfTime(record)} ${nameOf(record.sender)}: ${bodyOf(record)}`,
        ...edits.map((edit) => `${rsmfTime(edit)} ${nameOf(edit.sender)} [edited to]: ${edit.text ?? ""}`),
        ...deletions.map((deletion) => `${rsmfTime(deletion)} ${nameOf(deletion.sender)} [deleted this]`),
      ].join("\n"),
    )
    .join("\n");
}

function nameOf(party: { readonly id: string; readonly name: string } | undefined): string {
  if (!party) return "";
  return (party.name === "" ? party.id : party.name).replaceAll(",", " ");
}

/** Which attachments fit (`fitting`), and one of each content (`files`). */
function embeddable(day: ThreadDay): { fitting: PackageAttachment[]; files: PackageAttachment[] } {
  let total = 0;
  const fitting: PackageAttachment[] = [];
  const files = new Map<string, PackageAttachment>();
  for (const attachment of day.events.flatMap(({ attachments }) => attachments)) {
    const name = rsmfFile(attachment);
    if (!files.has(name)) {
      if (total + attachment.sizeBytes > MAX_EMBEDDED_BYTES) continue;
      total += attachment.sizeBytes;
      files.set(name, attachment);
    }
    fitting.push(attachment);
  }
  return { fitting, files: [...files.values()] };
}

async function zip(json: Buffer): Promise<Buffer> {
  const encoder = new ZipEncoder();
  const parts: Uint8Array[] = encoder.whole("rsmf_manifest.json", json, { deflate: true });
  for await (const part of encoder.end()) parts.push(part);
  return Buffer.concat(parts);
}

async function* zipStream(
  json: Buffer,
  files: readonly PackageAttachment[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new ZipEncoder();
  yield* encoder.whole("rsmf_manifest.json", json, { deflate: true });
  for (const file of files) yield* encoder.streamed(rsmfFile(file), checkedContent(file));
  yield* encoder.end();
}

async function* inPieces(
  head: Buffer,
  content: AsyncIterable<Uint8Array>,
  tail: Buffer,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield head;
  yield* base64Stream(content);
  yield tail;
}
