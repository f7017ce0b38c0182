import { z } from "zod";
import { instantOf, type Medium, type Said } from "../reading/said.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** A record of Vonage's reports, of a message. @see Vonage, "Reports API": products SMS and MESSAGES */
export const vonageRecord = z.looseObject({
  message_id: z.string().regex(/^[\w-]{1,64}$/),
  from: text.pipe(z.string().max(400)),
  to: text.pipe(z.string().max(400)),
  /** When Vonage was told of it. ISO 8601, with its zone. */
  date_received: z.string().max(64),
  /** Of the product MESSAGES: which channel. */
  provider: z.string().max(64).nullish(),
  message_body: z.string().nullish(),
  status: text.transform((value) => value.toLowerCase()).pipe(z.string().regex(/^[a-z_]{0,32}$/)),
  error_code: z.union([z.number(), z.string().max(64)]).nullish(),
});
export type VonageRecord = z.infer<typeof vonageRecord>;

/** Channels that are no text messages, though they may be a number's. */
const OTHER_CHANNELS = /whatsapp|messenger|viber|rcs|instagram/i;
/** What is known of a message that was sent, once no more is to come. */
const ENDED = new Set(["delivered", "undeliverable", "expired", "failed", "rejected", "deleted", "read"]);

/** Whether it is of a text message, as far as it says. */
export function isText({ provider }: VonageRecord): boolean {
  return !OTHER_CHANNELS.test(provider ?? "");
}

/** Milliseconds since 1970; undefined for what is no time. */
export function receivedOf({ date_received: written }: VonageRecord): number | undefined {
  const instant = instantOf(written);
  return instant === undefined ? undefined : Date.parse(instant);
}

/** The message, and what became of it; undefined where its words are not given. That they are empty may be redaction. */
export function saidBy(one: VonageRecord): Said[] | undefined {
  const { message_id: id, from, to, message_body: body, status, error_code: code } = one;
  if (!body) return undefined;
  const sentAt = instantOf(one.date_received);
  const message: Said = { what: "message", id, from, to, text: body, sentAt, media: mediaOf(one) };
  if (!ENDED.has(status)) return [message];
  const error = code === null || code === undefined || Number(code) === 0 ? undefined : String(code);
  return [message, { what: "status", id, from, to, status, error }];
}

/** A report does not say where a picture is: it is a gap. */
function mediaOf({ provider }: VonageRecord): Medium[] {
  return /mms/i.test(provider ?? "") ? [{ url: "", mediaType: "", name: "attachment 1" }] : [];
}
