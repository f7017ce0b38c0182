import type { AttachmentPointer, DataMessage, DataMessage_Pin } from "../protocol/gen/data_pb.ts";
import { serviceIdText } from "../protocol/service-id.ts";
import { textOf } from "./message-text.ts";
import { messageId } from "../protocol/message-id.ts";
import { groupIdOf } from "../protocol/group-id.ts";
import { readGroupChange } from "./group-change.ts";
import type { People } from "./people.ts";
import { type Attached, cut, type Reading } from "./reading.ts";

const FLAG = { endSession: 1, timer: 2, profileKey: 4 } as const;
const LONG_TEXT = "text/x-signal-plain";
const MAX_NAME = 1024;
const MAX_MEDIA_TYPE = 255;

/** Who sent a message, when and where, which it does not say itself. */
export interface Sent {
  readonly author: string;
  readonly timestamp: number;
  readonly base: Pick<Reading, "conversation" | "sender" | "recipients" | "direction" | "sentAt">;
}

/** What a message between people says. One message may be several events: none is ever without one. */
export function readDataMessage(data: DataMessage, sent: Sent, people: People): Reading[] {
  const { base, author, timestamp } = sent;
  const target = (of: bigint | undefined, by = author) => messageId(by, of ?? 0n);
  if (data.delete) return [{ ...base, kind: "delete", target: target(data.delete.targetSentTimestamp) }];
  if (data.adminDelete) return [{ ...base, kind: "delete", target: pinned(data.adminDelete, author) }];
  if (data.reaction) {
    const { targetAuthorAciBinary, targetAuthorAci, targetSentTimestamp, emoji = "", remove } = data.reaction;
    const by = serviceIdText(targetAuthorAciBinary, targetAuthorAci);
    return [
      {
        ...base,
        kind: "reaction",
        text: remove ? "" : cut(emoji, 64),
        target: target(targetSentTimestamp, by),
      },
    ];
  }
  if (((data.flags ?? 0) & FLAG.timer) !== 0)
    return [{ ...base, kind: "timer", expiresAfterSeconds: data.expireTimer ?? 0 }];
  if (data.groupCallUpdate) return [{ ...base, kind: "call", text: "Group call" }];
  if (data.pollVote) {
    const voted = data.pollVote.optionIndexes.map((index) => index + 1).join(", ");
    return [{ ...base, kind: "notice", text: `Voted: ${voted}`, target: pinned(data.pollVote, author) }];
  }
  if (data.pollTerminate)
    return [
      { ...base, kind: "notice", text: "Poll ended", target: target(data.pollTerminate.targetSentTimestamp) },
    ];
  if (data.pinMessage)
    return [{ ...base, kind: "notice", text: "Pinned", target: pinned(data.pinMessage, author) }];
  if (data.unpinMessage)
    return [{ ...base, kind: "notice", text: "Unpinned", target: pinned(data.unpinMessage, author) }];
  const message = readMessage(data, people);
  const readings: Reading[] = [
    ...(message
      ? [{ ...base, ...message, kind: "message" as const, networkId: messageId(author, timestamp) }]
      : []),
    ...groupChangesOf(data, base, people),
  ];
  if (readings.length > 0) return readings;
  return [{ ...base, kind: "notice", text: whatElse(data) }];
}

function groupChangesOf({ groupV2 }: DataMessage, base: Sent["base"], people: People): Reading[] {
  const { masterKey, groupChange } = groupV2 ?? {};
  if (!groupChange?.length || !masterKey || groupIdOf(masterKey) === undefined) return [];
  return readGroupChange({ masterKey, bytes: groupChange, source: "message" }, base, people);
}

/** What an edit makes of a message; its own id is named by edits of it. */
export function readEdit(
  data: DataMessage | undefined,
  of: bigint | undefined,
  sent: Sent,
  people: People,
): Reading {
  return {
    ...sent.base,
    text: "",
    ...(data && readMessage(data, people)),
    kind: "edit",
    networkId: messageId(sent.author, sent.timestamp),
    target: messageId(sent.author, of ?? 0n),
  };
}

/** What the event's fields say of words and attachments; undefined for a message that has neither. */
function readMessage(data: DataMessage, people: People): Omit<Reading, "kind"> | undefined {
  const text = textOf(data, people);
  const attachments = attachmentsOf(data);
  if (text === undefined && attachments.length === 0 && !data.isViewOnce) return undefined;
  const { quote, expireTimer } = data;
  const quoted = quote && serviceIdText(quote.authorAciBinary, quote.authorAci);
  const story =
    data.storyContext && serviceIdText(data.storyContext.authorAciBinary, data.storyContext.authorAci);
  return {
    ...(text !== undefined && { text }),
    ...(attachments.length > 0 && { attachments }),
    ...(quoted && { replyTo: messageId(quoted, quote.id ?? 0n) }),
    ...(story && { replyTo: messageId(story, data.storyContext?.sentTimestamp ?? 0n) }),
    ...(expireTimer !== undefined && expireTimer > 0 && { expiresAfterSeconds: expireTimer }),
    ...(data.isViewOnce && { viewOnce: true }),
  };
}

function attachmentsOf(data: DataMessage): Attached[] {
  const named = (pointer: AttachmentPointer | undefined, name: string) =>
    pointer ? [attached(pointer, name)] : [];
  return [
    ...data.attachments.map((pointer, i) => attached(pointer, `attachment-${i + 1}`)),
    ...named(data.sticker?.data, "sticker"),
    ...data.preview.flatMap(({ image }, i) => named(image, `link-preview-${i + 1}`)),
    ...data.contact.flatMap(({ avatar }, i) => named(avatar?.avatar, `contact-picture-${i + 1}`)),
  ].slice(0, 1_000);
}

export function attached(pointer: AttachmentPointer, name: string): Attached {
  const mediaType = cut(pointer.contentType ?? "application/octet-stream", MAX_MEDIA_TYPE);
  return {
    pointer,
    name: cut(pointer.fileName ?? name, MAX_NAME),
    mediaType,
    isText: mediaType === LONG_TEXT,
  };
}

function pinned(
  {
    targetAuthorAciBinary,
    targetSentTimestamp,
  }: Pick<DataMessage_Pin, "targetAuthorAciBinary" | "targetSentTimestamp">,
  author: string,
): string {
  return messageId(serviceIdText(targetAuthorAciBinary) ?? author, targetSentTimestamp ?? 0n);
}

function whatElse({ flags = 0 }: DataMessage): string {
  if ((flags & FLAG.endSession) !== 0) return "The secure session was reset";
  if ((flags & FLAG.profileKey) !== 0) return "The sender's profile key changed";
  return "A Signal message of a kind that this version does not read: its bytes are kept";
}
