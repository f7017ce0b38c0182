import { z } from "zod";

const word = z.string().max(100_000).nullish();
const flag = z.union([z.boolean(), z.number()]).nullish();
const number = z.number().nullish();
/** Milliseconds since 1970, as far as a date has four digits for its year. */
const instant = z.number().min(Date.UTC(1601)).max(Date.UTC(9999)).nullish();

const run = z.looseObject({
  range: z.array(z.number()).length(2),
  attributes: z.record(z.string(), z.unknown()).nullish(),
});
/** An attributed string, as node-typedstream shows it. */
export const attributedString = z.looseObject({
  string: z.string(),
  runs: z.array(run).max(100_000).nullish(),
});
export type ServedString = z.infer<typeof attributedString>;

const handle = z.looseObject({
  originalROWID: z.int(),
  address: z.string().min(1).max(10_000),
  service: word,
});

const attachment = z.looseObject({
  originalROWID: z.int().nonnegative().optional().catch(undefined),
  guid: z.string().min(1).max(1_000),
  mimeType: word,
  transferName: word,
});
export type ServedAttachment = z.infer<typeof attachment>;

const chat = z.looseObject({
  originalROWID: z.int(),
  guid: z.string().min(1).max(10_000),
  style: number,
  chatIdentifier: word,
  displayName: word,
});

/** A conversation with its people, as `chat/query` serves it. */
export const servedChat = chat.extend({ participants: z.array(handle).max(10_000).nullish() });
export type ServedChat = z.infer<typeof servedChat>;

const several = z.array(z.unknown()).catch([]);
/** What tells a row, and what was joined to it, whatever else it says. */
export const servedName = z.looseObject({
  originalROWID: z.int().positive(),
  guid: z.string().min(1).max(10_000).optional().catch(undefined),
  attachments: several,
  chats: several,
});

/**
 * A row of `message` as BlueBubbles serves it. What it names otherwise, or adds, is in the bytes that are kept.
 *
 * @see BlueBubbles Server, MessageSerializer
 */
export const servedMessage = z.looseObject({
  originalROWID: z.int().positive(),
  guid: z.string().min(1).max(10_000),
  text: z.string().nullish(),
  attributedBody: z.unknown().optional(),
  messageSummaryInfo: z.unknown().optional(),
  handle: handle.nullish(),
  handleId: number,
  otherHandle: number,
  chats: z.array(chat).max(1_000).nullish(),
  attachments: z.array(attachment).max(10_000).nullish(),
  error: number,
  dateCreated: instant,
  dateRead: instant,
  dateEdited: instant,
  dateRetracted: instant,
  isFromMe: flag,
  itemType: number,
  groupTitle: word,
  groupActionType: number,
  balloonBundleId: word,
  associatedMessageGuid: word,
  associatedMessageType: z.union([z.string(), z.number()]).nullish(),
  associatedMessageEmoji: word,
  threadOriginatorGuid: word,
});
export type ServedMessage = z.infer<typeof servedMessage>;

export const counted = z.looseObject({ total: z.int().nonnegative() });
/** What a message that could not be sent says, and one that could. */
export const sent = z.looseObject({ guid: z.string().min(1).max(400), error: number });
