import { createHash } from "node:crypto";
import type { WebMessage } from "../observation.ts";
import { type Fields, fieldsOf } from "./fields.ts";

/** Of these the body is a thumbnail, which WhatsApp Web makes, loses and replaces. */
const THUMBNAIL_BODY = new Set([
  "image",
  "video",
  "ptv",
  "audio",
  "ptt",
  "document",
  "sticker",
  "sticker-pack",
  "album",
  "location",
  "product",
  "order",
  "groups_v4_invite",
]);

/** What a message's own words are, before anything is made of them. */
export function bodyOf(fields: Fields): string | undefined {
  const { type, body, caption, directPath } = fields;
  const isThumbnail = THUMBNAIL_BODY.has(type) || Boolean(directPath);
  return (isThumbnail ? caption : body || caption) ?? undefined;
}

/** SHA-256, hex, of what does not change. */
export function digestOf(stable: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(stable)).digest("hex");
}

/**
 * What a message says that does not change while it is kept, acknowledged, starred, downloaded or found again. Its chat,
 * direction and, in a group, author are in its id. Its own time counts for what others sent: that of the account's own
 * messages changes when the server has taken them.
 */
export function stableOf(msg: WebMessage, fields: Fields = fieldsOf(msg)): readonly unknown[] {
  const { type, subtype, t, author, filehash, quotedStanzaID } = fields;
  const isNamed = msg.id.participant !== undefined && msg.id.participant !== null;
  return [
    msg.id._serialized,
    msg.id.fromMe ? null : (t ?? null),
    type,
    isNamed ? null : (author ?? null),
    bodyOf(fields) ?? null,
    filehash ?? null,
    quotedStanzaID ?? null,
    type === "chat" ? null : (subtype ?? null),
    [fields.recipients, fields.templateParams],
    [fields.lat ?? null, fields.lng ?? null, fields.loc ?? null],
    fields.vcardList.map(({ vcard }) => vcard ?? null),
    [fields.pollName ?? null, fields.pollOptions.map(({ name }) => name ?? null)],
    [fields.eventName ?? null, fields.eventDescription ?? null, fields.eventStartTime ?? null],
    [fields.title ?? null, fields.list ?? null, fields.listResponse ?? null],
    [fields.orderTitle ?? null, fields.message ?? null, fields.productId ?? null],
    [fields.paymentAmount1000 ?? null, fields.paymentCurrency ?? null],
    [fields.callOutcome ?? null, fields.protocolMessageKey?.id ?? null],
  ];
}
