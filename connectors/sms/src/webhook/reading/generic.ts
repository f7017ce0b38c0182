import type { Fields, Received } from "../source.ts";
import { valueOf } from "./flat.ts";
import { instantOf, type Said, UNREAD } from "./said.ts";

/** Of one body; and no more bytes than this in the records of all its items, for each keeps the whole. */
const MAX_ITEMS = 1_000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ID = 256;

/** A body of nobody's standard, by where it says things. */
export function readGeneric(fields: Fields, received: Pick<Received, "mediaType" | "body">): readonly Said[] {
  const value = valueOf(received, asWritten);
  const items = fields.items === undefined ? [value] : at(value, fields.items);
  if (!Array.isArray(items) || items.length === 0) return [UNREAD];
  if (items.length > MAX_ITEMS || items.length * received.body.length > MAX_BYTES)
    return [
      {
        what: "unread",
        why: "A webhook tells of more messages than can be read at once: its bytes are kept",
      },
    ];
  return items.map((item) => readItem(fields, item));
}

/** An id may be a number of more digits than JavaScript tells apart. */
function asWritten(_name: string, value: unknown, as?: { readonly source?: string }): unknown {
  return typeof value === "number" && !Number.isSafeInteger(value) ? (as?.source ?? value) : value;
}

function readItem(fields: Fields, item: unknown): Said {
  const [id, from, to, text] = [fields.id, fields.from, fields.to, fields.text].map((one) => said(item, one));
  const status = fields.status === undefined ? undefined : said(item, fields.status);
  if (id === undefined || id === "" || id.length > MAX_ID) return UNREAD;
  const sentAt = fields.sentAt === undefined ? undefined : instantOf(at(item, fields.sentAt));
  const of = { id, from: from ?? "", to: to ?? "", sentAt };
  if (text !== undefined) return { what: "message", ...of, text, media: [] };
  return status === undefined ? UNREAD : { what: "status", ...of, status: status.slice(0, MAX_ID) };
}

function said(item: unknown, pointer: string): string | undefined {
  const value = at(item, pointer);
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

/** @see RFC 6901 */
function at(value: unknown, pointer: string): unknown {
  let found = value;
  for (const token of pointer.split("/").slice(1)) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}
