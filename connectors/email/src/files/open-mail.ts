import {
  type Captured,
  ConnectorError,
  type ImportableFile,
  type ImportedEntry,
  type SuppliedFile,
} from "@daybook/contract";
import { CONNECTOR, eventsOf, idOf, type MailParts } from "../events/message.ts";
import { fieldsOf } from "../events/fields.ts";
import { readHeaderBlock } from "../reading/header-block.ts";
import { MailReader } from "../reading/mail-reader.ts";
import { readMessage } from "../reading/read-message.ts";
import { type MessagePlace, splitMbox, unquoted, withoutEnding } from "./mbox.ts";
import { bytesOf, contentLengthOf, mboxRuleOf, type MboxRule, splitByLengths } from "./mbox-lengths.ts";

/** The largest message that a file may hold, in bytes: of a larger one only the beginning is read. */
const MAX_MESSAGE_BYTES = 200 * 1024 * 1024;
const LEADING_BYTES = 64 * 1024;
/** How files of Outlook begin: PST, and MSG, which other files of Office do too. */
const OUTLOOK = [Buffer.from("!BDN"), Buffer.from("d0cf11e0a1b11ae1", "hex")];
/** What programs write before a message that they save: a byte-order mark, empty lines. No part of it. */
const LEADING_NOTHING = /^(?:\xef\xbb\xbf)?[\r\n]*/;
/** One of these stands in the header of any message that a program wrote. */
const KNOWN = ["from", "date", "subject", "message-id", "received", "return-path", "mime-version", "to"];

/**
 * Opens an mbox file, or a message by itself (EML). Whose signatures hold is not asked: keys change, and a file tells
 * nothing of when it was made.
 *
 * @returns undefined for a file that is neither
 * @throws {ConnectorError} `not-an-export`: a file of Outlook
 */
export async function openMail(file: SuppliedFile): Promise<ImportableFile | undefined> {
  const head = await bytesOf(file, 0, LEADING_BYTES);
  if (OUTLOOK.some((magic) => head.subarray(0, magic.length).equals(magic)))
    throw new ConnectorError(
      "not-an-export",
      "files of Outlook (.pst, .msg) are not read: save the mail as .mbox or .eml",
    );
  const isMbox = head.toString("latin1", 0, 5) === "From ";
  const bodyStart = LEADING_NOTHING.exec(head.toString("latin1"))?.[0].length ?? 0;
  if (!isMbox && !isMessage(head.subarray(bodyStart))) return undefined;
  const reader = new MailReader();
  const whole = { start: 0, bodyStart, end: file.sizeBytes, line: 1 };
  return {
    network: "email",
    connector: CONNECTOR,
    async *entries() {
      const rule = isMbox ? await mboxRuleOf(file) : "whole";
      if (rule === "whole") yield await entryOf(file, whole, reader, rule);
      else
        for await (const place of rule === "lines" ? splitMbox(file) : splitByLengths(file))
          yield await entryOf(file, place, reader, rule);
    },
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  };
}

/** Whether the first line is a header field, and one of the known is among the first. */
function isMessage(head: Buffer): boolean {
  const line = head.toString("latin1", 0, 1_000);
  if (!/^[!-9;-~]{1,100}:/.test(line)) return false;
  const { fields } = readHeaderBlock(head);
  return fields.some(({ name }) => KNOWN.includes(name));
}

async function entryOf(
  file: SuppliedFile,
  place: MessagePlace,
  reader: MailReader,
  rule: MboxRule | "whole",
): Promise<ImportedEntry> {
  const end = Math.min(place.end, place.bodyStart + MAX_MESSAGE_BYTES);
  const delivered = await bytesOf(file, place.bodyStart, end);
  const asFiled = rule === "lines" ? withoutEnding(delivered) : delivered;
  const isQuoted = rule === "lines" || rule === "quoted-lengths";
  const { message, quotedLines } = isQuoted ? unquoted(asFiled) : { message: asFiled, quotedLines: 0 };
  const read = await readMessage(message, reader);
  const doubts = [
    ...(end < place.end ? ["it is longer than is kept of one message: the imported file has the rest"] : []),
    ...(quotedLines > 0 ? ["the file marked lines that begin with From: one mark was taken away"] : []),
    ...(rule === "lengths" && place.hasFromLines
      ? ["it was split from the next by its Content-Length, and has lines that begin with From"]
      : []),
    ...(rule === "lines" && disagrees(asFiled, delivered)
      ? ["it was split from the next by the line From, and its Content-Length says otherwise"]
      : []),
  ];
  const parts: MailParts = { ...read, ...idOf("mail", sameLines(read.stable)), delivered, doubts };
  const of =
    read.result.refused === undefined ? read.result : { refused: read.result.refused, block: read.block };
  const { fields } = fieldsOf(of, read);
  return {
    eventId: parts.eventId,
    sizeBytes: delivered.length * 2,
    conversation: fields.conversation,
    capture: ({ attach }, { account, custodian }): Promise<Captured[]> =>
      eventsOf(
        parts,
        {
          method: "export",
          provenance: "supplied",
          account,
          custodian,
          source: { sha256: file.sha256, line: place.line, offsetBytes: place.start },
        },
        { attach },
      ),
  };
}

/** Whether a message has a Content-Length that is neither of it as it stands nor of it with the empty line after it. */
function disagrees(message: Buffer, withEnding: Buffer): boolean {
  const { fields, bodyStart } = readHeaderBlock(message);
  if (!fields.some(({ name }) => name === "content-length")) return false;
  const stated = contentLengthOf(fields);
  return ![message, withEnding].some(({ length }) => length - bodyStart === stated);
}

/** With lines that end as in one file as in another: programs that write files change them. */
function sameLines(message: Uint8Array): Buffer {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  return Buffer.from(bytes.toString("latin1").replaceAll("\r\n", "\n").trimEnd(), "latin1");
}
