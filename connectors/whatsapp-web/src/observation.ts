import { z } from "zod";

/** Longest JSON of one observation, characters: thumbnails are what makes one long. */
export const MAX_OBSERVATION_CHARACTERS = 1_000_000;

const id = z.string().min(1).max(512);
const name = z.string().max(2_048);

/** WhatsApp's key of a message: `_serialized` is `fromMe_chat_id[_participant]`. */
export const messageKey = z.looseObject({
  _serialized: id,
  fromMe: z.boolean(),
  id,
  remote: z.unknown(),
  participant: z.unknown().optional(),
});

/** A message as WhatsApp Web itself writes it out: what it has more than this is kept. */
export const webMessage = z.looseObject({
  id: messageKey,
  type: z.string().max(128),
  subtype: z.string().max(128).nullish(),
  /** Seconds since 1970. */
  t: z.number().nonnegative().max(1e11).nullish(),
});
export type WebMessage = z.infer<typeof webMessage>;

const common = {
  /** Of the page's clock, milliseconds since 1970. */
  at: z.int().nonnegative().max(8.64e15),
  /** Where it happened, as the page shows it. */
  chat: z
    .object({
      id,
      title: name,
      kind: z.enum(["direct", "group", "channel", "unknown"]),
      /** Of a group whose members the page has loaded: all of them. */
      members: z.array(id).max(2_048).optional(),
    })
    .optional(),
  /** Who is in it, as the page knows them: saved name, else what they call themselves; phone number where it is known. */
  people: z
    .array(z.object({ id, name, number: z.string().max(64).optional() }))
    .max(2_048)
    .optional(),
};

/** One thing that happened in the page, as its own code saw it: see `page/`. */
export const observation = z.discriminatedUnion("what", [
  /** `found`: not as it came, but while looking again at what the page holds. */
  z.object({ what: z.literal("message"), ...common, how: z.enum(["came", "found"]), msg: webMessage }),
  /** Its text or caption is another. `before` is null where the page did not have the old one. */
  z.object({ what: z.literal("edit"), ...common, msg: webMessage, before: z.string().nullable() }),
  /** It came as `ciphertext`, and can be read now. */
  z.object({ what: z.literal("decrypted"), ...common, msg: webMessage }),
  /** Deleted for everyone. `before` is the message as it was, where the page still had it. */
  z.object({ what: z.literal("revoked"), ...common, msg: webMessage, before: webMessage.nullable() }),
  /** Gone from this account alone. */
  z.object({ what: z.literal("removed"), ...common, msg: webMessage }),
  /** -1 error, 0 pending, 1 server, 2 device, 3 read, 4 played. */
  z.object({ what: z.literal("ack"), ...common, key: messageKey, ack: z.int().min(-8).max(8) }),
  z.object({
    what: z.literal("reaction"),
    ...common,
    key: messageKey,
    parent: messageKey,
    sender: id,
    /** Empty: taken back. */
    text: z.string().max(128),
    /** Milliseconds since 1970. */
    time: z.number().nonnegative().max(8.64e15).nullish(),
  }),
  z.object({
    what: z.literal("vote"),
    ...common,
    key: messageKey,
    parent: messageKey,
    sender: id,
    /** Names of what is chosen now, as far as the page knows the poll, else `#` and its number. */
    choices: z.array(name).max(64),
    question: z.string().max(8_192).optional(),
    time: z.number().nonnegative().max(8.64e15).nullish(),
  }),
  z.object({
    what: z.literal("call"),
    ...common,
    call: z.looseObject({
      id,
      peer: id,
      isVideo: z.boolean().nullish(),
      isGroup: z.boolean().nullish(),
      outgoing: z.boolean().nullish(),
      participants: z.array(id).max(1_024).nullish(),
    }),
  }),
  z.object({ what: z.literal("chat"), ...common, change: z.enum(["removed", "archived", "unarchived"]) }),
  /** Of nothing that happened: how far what happened is recorded. */
  z.object({ what: z.literal("mark"), ...common, mark: z.string().max(64) }),
  /** The page's hooks could not make anything of something: what, by its own words. */
  z.object({ what: z.literal("failed"), ...common, part: z.string().max(64), key: messageKey.optional() }),
]);
export type Observation = z.infer<typeof observation>;
export type ObservationOf<What extends Observation["what"]> = Extract<Observation, { what: What }>;

/** The mark that an observation is, if it is one. Of JSON. */
export function markIn(raw: string): string | undefined {
  const { data } = observation.safeParse(JSON.parse(raw));
  return data?.what === "mark" ? data.mark : undefined;
}

export type { Queued as Observed } from "./page-port.ts";
