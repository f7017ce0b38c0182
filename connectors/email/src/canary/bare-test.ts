import { isNothingButTest } from "@daybook/keeping";
import type { Mailbox } from "../journal/receive.ts";
import { type HeaderField, readHeaderBlock } from "../reading/header-block.ts";
import { messageIdOf, SUBJECTS } from "./compose-test.ts";

const MAX_HEADER_BYTES = 32_768;
const MAX_BODY_BYTES = 200;
const MAX_VALUE = 500;

/** Fields that mail servers write on a message's way: what they say is theirs. */
const SERVERS = new RegExp(
  `^(?:${[
    "received|return-path|delivered-to|envelope-to|thread-index|authentication-results|received-spf",
    "dkim-signature|domainkey-signature|arc-[a-z-]+",
    "x-(?:received|original-to|delivered-to|envelope-to|envelope-from|originating-ip|originatororg)",
    "x-(?:ms|microsoft|forefront|eop|exchange|google|gm|spam|virus)-[a-z0-9-]+",
  ].join("|")})$`,
);

const SUBJECT = new RegExp(`^(?:${Object.values(SUBJECTS).join("|")})$`);

/** What the other fields may say, whole and unfolded. */
const SAID: Readonly<Record<string, RegExp>> = {
  subject: SUBJECT,
  "thread-topic": SUBJECT,
  date: /^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:[+-]\d{4}|GMT|UTC)(?: \([A-Z]{1,5}\))?$/,
  "mime-version": /^1\.0$/,
  "content-type":
    /^text\/plain(?:; ?(?:charset="?(?:us-ascii|utf-8|iso-8859-1|windows-1252)"?|format="?(?:flowed|fixed)"?))*$/i,
  "content-transfer-encoding": /^(?:7bit|8bit|quoted-printable|base64)$/i,
  "content-language": /^[a-z]{2}(?:-[a-z]{2})?$/i,
  "accept-language": /^[a-z]{2}(?:-[a-z]{2})?(?:, [a-z]{2}(?:-[a-z]{2})?){0,4}$/i,
  "auto-submitted": /^auto-generated$/i,
  "x-auto-response-suppress": /^All$/i,
};

/**
 * The words of a message that is a test, as `composeTest` makes it, and says nothing besides: undefined of any other. Fields that
 * servers write are not judged, nor is whose test it is.
 */
export function wordsOfBareTest(message: Uint8Array, mailbox: Mailbox): string | undefined {
  const { fields, bodyStart, isWhole } = readHeaderBlock(message);
  if (!isWhole || bodyStart > MAX_HEADER_BYTES || message.length - bodyStart > MAX_BODY_BYTES)
    return undefined;
  // Nothing may stand between fields that is none.
  const fieldBytes = fields.reduce((sum, { name, value }) => sum + name.length + 1 + value.length, 0);
  if (fieldBytes + "\r\n".length !== bodyStart) return undefined;
  const words = bodyOf(Buffer.from(message.subarray(bodyStart)).toString("latin1"), fields);
  if (!isNothingButTest(words)) return undefined;
  return fields.every((field) => isExpected(field, words.trim(), mailbox)) ? words.trim() : undefined;
}

function bodyOf(body: string, fields: readonly HeaderField[]): string {
  const isBase64 = fields.some(
    ({ name, value }) => name === "content-transfer-encoding" && /^\s*base64\s*$/i.test(value),
  );
  if (!isBase64) return body;
  const encoded = body.replaceAll("\r\n", "");
  const decoded = Buffer.from(encoded, "base64");
  // What a decoder leaves out could be words.
  return decoded.toString("base64") === encoded ? decoded.toString("latin1") : "";
}

function isExpected({ name, value }: HeaderField, words: string, { addresses, custodian }: Mailbox): boolean {
  if (SERVERS.test(name)) return true;
  const said = value.replaceAll(/\r\n(?=[ \t])/g, "").trim();
  if (said.length > MAX_VALUE) return false;
  if (name === "message-id") return addresses.some((address) => said === messageIdOf(words, address));
  if (["from", "to", "sender"].includes(name)) {
    const [, shown = "", address = said] = /^([^<>]*)<([^<>]*)>$/.exec(said) ?? [];
    const known = ["", custodian.name.toLowerCase(), ...addresses];
    const isKnown = known.includes(
      shown
        .trim()
        .replace(/^"(.*)"$/, "$1")
        .toLowerCase(),
    );
    return isKnown && addresses.includes(address.toLowerCase());
  }
  return SAID[name]?.test(said) === true;
}
