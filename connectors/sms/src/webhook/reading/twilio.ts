import { z } from "zod";
import type { Received } from "../source.ts";
import { flatOf } from "./flat.ts";
import { type Medium, type Said, UNREAD } from "./said.ts";

/** Twilio takes ten. */
const MAX_MEDIA = 10;
const sid = z.string().regex(/^[A-Z]{2}[0-9a-fA-F]{32}$/);
const address = z.string().max(400);

const webhook = z.looseObject({
  MessageSid: sid.optional(),
  SmsSid: sid.optional(),
  From: address.default(""),
  To: address.default(""),
  Body: z.string().optional(),
  NumMedia: z
    .string()
    .regex(/^\d{1,2}$/)
    .optional(),
  MessageStatus: z
    .string()
    .regex(/^[a-z_]{1,32}$/)
    .optional(),
  SmsStatus: z
    .string()
    .regex(/^[a-z_]{1,32}$/)
    .optional(),
  ErrorCode: z
    .string()
    .regex(/^\d{1,8}$/)
    .optional(),
});

/** @see Twilio, "Messaging webhooks": what they say of a message that came, and of one that was sent */
export function readTwilio(received: Pick<Received, "mediaType" | "body">): readonly Said[] {
  const flat = flatOf(received);
  const { data } = webhook.safeParse(flat);
  const id = data?.MessageSid ?? data?.SmsSid;
  if (!flat || !data || id === undefined) return [UNREAD];
  const { From: from, To: to, Body: text } = data;
  if ([from, to].some((one) => /^[a-z]+:/.test(one)))
    return [
      {
        what: "unread",
        why: "A message of another channel than SMS came by this webhook: its bytes are kept",
      },
    ];
  const status = data.MessageStatus ?? data.SmsStatus;
  if (text === undefined && data.NumMedia === undefined)
    return status === undefined
      ? [UNREAD]
      : [{ what: "status", id, from, to, status, error: data.ErrorCode }];
  const media = mediaOf(flat, Math.min(MAX_MEDIA, Number(data.NumMedia ?? 0)));
  return [{ what: "message", id, from, to, text: text ?? "", media }];
}

function mediaOf(flat: Readonly<Record<string, string>>, count: number): Medium[] {
  return Array.from({ length: count }, (_, n) => ({
    url: flat[`MediaUrl${n}`] ?? "",
    mediaType: flat[`MediaContentType${n}`] ?? "",
    name: `attachment ${n + 1}`,
  }));
}
