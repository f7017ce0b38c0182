import { z } from "zod";
import type { Medium, Said } from "../reading/said.ts";

const sid = z.string().regex(/^[A-Z]{2}[0-9a-fA-F]{32}$/);
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

/** A message as Twilio's API has it. */
export const twilioMessage = z.looseObject({
  sid,
  from: text.pipe(z.string().max(400)),
  to: text.pipe(z.string().max(400)),
  body: text,
  status: text.pipe(z.string().regex(/^[a-z_]{0,32}$/)),
  /** RFC 2822; null for what is not sent yet. */
  date_sent: z.string().max(64).nullish(),
  num_media: z.coerce.number<string | number>().int().min(0).max(10).catch(0),
  error_code: z.union([z.number(), z.string().max(8)]).nullish(),
});
export type TwilioMessage = z.infer<typeof twilioMessage>;

const media = z.looseObject({
  media_list: z
    .array(z.looseObject({ sid, content_type: z.string().max(255), uri: z.string().max(1_024) }))
    .max(10),
});

/** What is known of a message that was sent, once no more is to come. */
const ENDED = new Set(["delivered", "undelivered", "failed", "read"]);

/** Milliseconds since 1970; undefined for what is not sent yet. */
export function sentOf({ date_sent: written }: TwilioMessage): number | undefined {
  const at = Date.parse(written ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** @param apiUrl where its media are, and what they are; undefined where that is not known */
export function mediaOf(answer: unknown, apiUrl: string): Medium[] | undefined {
  return media.safeParse(answer).data?.media_list.map(({ uri, content_type: mediaType }, n) => ({
    url: new URL(uri.replace(/\.json$/, ""), apiUrl).href,
    mediaType,
    name: `attachment ${n + 1}`,
  }));
}

/** The message, and what became of it. */
export function saidBy(one: TwilioMessage, media: readonly Medium[]): Said[] {
  const { sid: id, from, to, body, status, error_code: code } = one;
  const sent = sentOf(one);
  const sentAt = sent === undefined ? undefined : new Date(sent).toISOString();
  const message: Said = { what: "message", id, from, to, text: body, sentAt, media };
  if (!ENDED.has(status)) return [message];
  const error = code === null || code === undefined ? undefined : String(code);
  return [message, { what: "status", id, from, to, status, error }];
}
