import { z } from "zod";
import type { Received } from "../source.ts";
import { flatOf, valueOf } from "./flat.ts";
import { instantOf, type Said, UNREAD } from "./said.ts";

const id = z.string().regex(/^[\w-]{1,64}$/);
const address = z.string().max(400);
const medium = z.looseObject({
  url: z.string().max(4_096),
  name: z.string().max(400).optional(),
  caption: z.string().optional(),
});

/** The Messages API, version 1. */
const messages = z.looseObject({
  channel: z.enum(["sms", "mms"]),
  message_uuid: id,
  from: address,
  to: address,
  timestamp: z.unknown(),
  message_type: z.string().optional(),
  text: z.string().optional(),
  status: z
    .string()
    .regex(/^[a-z_]{1,32}$/)
    .optional(),
  error: z.looseObject({ title: z.union([z.string().max(64), z.number()]).optional() }).optional(),
});

/** The SMS API: what came, and what became of what was sent. */
const legacy = z.looseObject({
  messageId: id,
  msisdn: address,
  to: address,
  type: z.string().optional(),
  text: z.string().optional(),
  "message-timestamp": z.string().optional(),
  status: z
    .string()
    .regex(/^[a-z_]{1,32}$/)
    .optional(),
  "err-code": z
    .string()
    .regex(/^\d{1,8}$/)
    .optional(),
});

/** @see Vonage, "Messages API: webhook reference"; "SMS API: inbound SMS" and "delivery receipts" */
export function readVonage(received: Pick<Received, "mediaType" | "body">): readonly Said[] {
  const value = valueOf(received);
  const { data } = messages.safeParse(value);
  return [data ? ofMessages(data, value as Record<string, unknown>) : ofLegacy(flatOf(received))];
}

function ofMessages(data: z.infer<typeof messages>, value: Readonly<Record<string, unknown>>): Said {
  const of = { id: data.message_uuid, from: data.from, to: data.to, sentAt: instantOf(data.timestamp) };
  if (data.status !== undefined) {
    const title = data.error?.title;
    return {
      what: "status",
      ...of,
      status: data.status,
      error: title === undefined ? undefined : String(title),
    };
  }
  const { message_type: type = "text" } = data;
  if (type === "text") return { what: "message", ...of, text: data.text ?? "", media: [] };
  const found = medium.safeParse(value[type]).data;
  if (!found) return UNREAD;
  const { url, name = "attachment 1", caption = "" } = found;
  return { what: "message", ...of, text: data.text ?? caption, media: [{ url, name, mediaType: "" }] };
}

function ofLegacy(flat: unknown): Said {
  const { data } = legacy.safeParse(flat);
  if (!data) return UNREAD;
  const { messageId, msisdn, to, text, status } = data;
  if (status !== undefined && text === undefined)
    // Of a receipt, `msisdn` is whom the message went to.
    return { what: "status", id: messageId, from: to, to: msisdn, status, error: data["err-code"] };
  if (data.type === "binary") return { what: "unread", why: "A binary message came: its bytes are kept" };
  // Written in UTC, without saying so.
  const written = data["message-timestamp"];
  const sentAt = written === undefined ? undefined : instantOf(`${written}Z`);
  return { what: "message", id: messageId, from: msisdn, to, text: text ?? "", sentAt, media: [] };
}
