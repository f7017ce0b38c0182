import {
  type CallMessage,
  CallMessage_Hangup_Type,
  ReceiptMessage_Type,
} from "../protocol/gen/content_pb.ts";
import { readContent } from "../receiving/learn.ts";
import type { EntryOf } from "../store/entry.ts";
import { readDataMessage, readEdit, type Sent } from "./data-message.ts";
import { messageId } from "../protocol/message-id.ts";
import type { People } from "./people.ts";
import { instantOf, MAX_EVENTS, type Reading } from "./reading.ts";
import { readStory } from "./story.ts";
import { readSyncMessage } from "./sync-message.ts";

const UNREAD = "A Signal event of a kind that this version does not read: its bytes are kept";

/** The events of one decrypted content; none for what was only for this device. */
export function readEntryContent(entry: EntryOf<"content">, people: People): Reading[] {
  const content = readContent(Buffer.from(entry.content, "base64"));
  const { sender, timestamp } = entry;
  const at = instantOf(timestamp);
  const body = content?.content;
  const data =
    body?.case === "dataMessage"
      ? body.value
      : body?.case === "editMessage"
        ? body.value.dataMessage
        : undefined;
  const conversation = people.conversation(data?.groupV2?.masterKey, sender) ?? people.direct(sender);
  const recipients = people.recipients(conversation, sender);
  const base = {
    sender: people.party(sender),
    direction: sender === people.own ? ("outgoing" as const) : ("incoming" as const),
    conversation,
    ...(recipients && { recipients }),
    ...(at !== undefined && { sentAt: at }),
  };
  const sent: Sent = { author: sender, timestamp, base };
  switch (body?.case) {
    case "dataMessage":
      return readDataMessage(body.value, sent, people);
    case "editMessage":
      return [readEdit(body.value.dataMessage, body.value.targetSentTimestamp, sent, people)];
    case "storyMessage":
      return [readStory(body.value, sent, people)];
    case "syncMessage":
      // Only the account's own devices may say what it did.
      if (sender !== people.own)
        return [{ ...base, kind: "notice", text: "Somebody else claimed to be the account's phone" }];
      return readSyncMessage(body.value, timestamp, people);
    case "receiptMessage": {
      const how = RECEIPTS[body.value.type ?? ReceiptMessage_Type.DELIVERY] ?? "received";
      return body.value.timestamp.slice(0, MAX_EVENTS + 1).map((of) => {
        const target = messageId(people.own, of);
        return {
          ...base,
          kind: "receipt",
          text: how,
          target,
          conversation: people.conversationOf(target, sender),
        };
      });
    }
    case "callMessage":
      return readCall(body.value).map((text) => ({ ...base, kind: "call", text }));
    default:
      return [{ ...base, kind: "notice", text: UNREAD }];
  }
}

const RECEIPTS: Readonly<Record<number, string>> = {
  [ReceiptMessage_Type.DELIVERY]: "delivered",
  [ReceiptMessage_Type.READ]: "read",
  [ReceiptMessage_Type.VIEWED]: "viewed",
};

const HANGUPS: Readonly<Record<number, string>> = {
  [CallMessage_Hangup_Type.ACCEPTED]: "Call answered on another device",
  [CallMessage_Hangup_Type.DECLINED]: "Call declined",
  [CallMessage_Hangup_Type.BUSY]: "Call: busy on another device",
};

/** What was signalled of a call. Where its media may flow is no event. */
function readCall({ offer, answer, busy, hangup, iceUpdate }: CallMessage): string[] {
  if (offer) return [offer.type === 1 ? "Video call offered" : "Voice call offered"];
  if (answer) return ["Call answered"];
  if (busy) return ["Call: busy"];
  if (hangup) return [HANGUPS[hangup.type ?? 0] ?? "Call ended"];
  return iceUpdate.length > 0 ? [] : ["Call signalled"];
}
