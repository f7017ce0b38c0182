import type {
  AddressableMessage,
  ConversationIdentifier,
  SyncMessage,
  SyncMessage_Seen,
  SyncMessage_Sent,
} from "../protocol/gen/sync_pb.ts";
import { serviceIdText } from "../protocol/service-id.ts";
import { timestampIn } from "../receiving/envelope.ts";
import { readDataMessage, readEdit, type Sent } from "./data-message.ts";
import { messageId } from "../protocol/message-id.ts";
import type { People } from "./people.ts";
import { instantOf, type Reading } from "./reading.ts";
import { readStory } from "./story.ts";

/** What the official's phone says happened on it. Some of it is only for this device, and no event. */
export function readSyncMessage(sync: SyncMessage, at: number, people: People): Reading[] {
  const own = { sender: people.party(people.own), direction: "outgoing" as const };
  const readings = [
    ...sync.read.map((seen) => readSeen(seen, "read", at, people)),
    ...sync.viewed.map((seen) => readSeen(seen, "viewed", at, people)),
  ];
  const { content } = sync;
  switch (content.case) {
    case "sent":
      return [...readings, ...readSent(content.value, people)];
    case "viewOnceOpen":
      return [...readings, readSeen(content.value, "viewed", at, people)];
    case "deleteForMe": {
      const { messageDeletes, conversationDeletes, localOnlyConversationDeletes, attachmentDeletes } =
        content.value;
      const one = (
        conversation: ConversationIdentifier | undefined,
        message: AddressableMessage | undefined,
        text: string,
      ) => {
        const where = threadOf(conversation, people);
        return {
          ...own,
          kind: "delete" as const,
          text,
          ...(where && { conversation: where }),
          ...(message && { target: addressed(message) }),
          ...instant(at),
        };
      };
      return [
        ...readings,
        ...messageDeletes.flatMap(({ conversation, messages }) =>
          messages.map((message) => one(conversation, message, "Deleted on the account's own devices")),
        ),
        ...attachmentDeletes.map((d) =>
          one(d.conversation, d.targetMessage, "Attachment deleted on the account's own devices"),
        ),
        ...[...conversationDeletes, ...localOnlyConversationDeletes].map(({ conversation }) =>
          one(conversation, undefined, "Conversation deleted on the account's own devices"),
        ),
      ];
    }
    case "callEvent":
      return [...readings, { ...own, kind: "call", text: callText(content.value), ...instant(at) }];
    case "verified": {
      const who = serviceIdText(content.value.destinationAciBinary, content.value.destinationAci);
      const state = content.value.state === 1 ? "verified" : "no longer verified";
      const text = `The safety number was marked as ${state}`;
      return [
        ...readings,
        { ...own, kind: "identity", text, ...(who && { conversation: people.direct(who) }), ...instant(at) },
      ];
    }
    case "messageRequestResponse": {
      const who = serviceIdText(content.value.threadAciBinary, content.value.threadAci);
      const text = `Message request: ${REQUEST_ANSWERS[content.value.type ?? 0] ?? "answered"}`;
      return [
        ...readings,
        { ...own, kind: "notice", text, ...(who && { conversation: people.direct(who) }), ...instant(at) },
      ];
    }
    case "pniChangeNumber":
      return [
        ...readings,
        { ...own, kind: "notice", text: "The account's phone number changed", secret: true, ...instant(at) },
      ];
    case "keys":
    case "contacts":
    case "request":
    case "blocked":
    case "configuration":
    case "fetchLatest":
      return readings;
    case undefined:
      if (readings.length > 0) return readings;
      return [
        {
          ...own,
          kind: "notice",
          text: "The phone told of something that this version does not read: its bytes are kept",
          ...instant(at),
        },
      ];
  }
}

const REQUEST_ANSWERS: Readonly<Record<number, string>> = {
  1: "accepted",
  2: "deleted",
  3: "blocked",
  4: "blocked and deleted",
  5: "reported as spam",
  6: "blocked and reported as spam",
};

function readSent(sent: SyncMessage_Sent, people: People): Reading[] {
  const { message, editMessage, storyMessage, timestamp } = sent;
  const at = timestampIn(timestamp);
  const data = message ?? editMessage?.dataMessage;
  const peer =
    serviceIdText(sent.destinationServiceIdBinary, sent.destinationServiceId) ??
    (sent.destinationE164 || undefined);
  const conversation = people.conversation(data?.groupV2?.masterKey, peer);
  const recipients = people.recipients(conversation, people.own);
  const context: Sent = {
    author: people.own,
    timestamp: at,
    base: {
      sender: people.party(people.own),
      direction: "outgoing",
      ...(conversation && { conversation }),
      ...(recipients && { recipients }),
      ...instant(at),
    },
  };
  if (storyMessage) return [readStory(storyMessage, context, people)];
  if (editMessage)
    return [readEdit(editMessage.dataMessage, editMessage.targetSentTimestamp, context, people)];
  if (message && !sent.isRecipientUpdate) return readDataMessage(message, context, people);
  return [
    {
      ...context.base,
      kind: "notice",
      text: "More is known of whom a message reached",
      target: messageId(people.own, at),
    },
  ];
}

function readSeen(seen: SyncMessage_Seen, how: "read" | "viewed", at: number, people: People): Reading {
  const author = serviceIdText(seen.senderAciBinary, seen.senderAci) ?? "unknown";
  const target = messageId(author, seen.timestamp ?? 0n);
  const conversation = people.conversationOf(target, author);
  return {
    kind: "receipt",
    sender: people.party(people.own),
    direction: "outgoing",
    text: how,
    target,
    conversation,
    ...instant(at),
  };
}

function addressed({ author, sentTimestamp }: AddressableMessage): string {
  const who =
    author.case === "authorServiceIdBinary"
      ? serviceIdText(author.value)
      : author.case === "authorServiceId"
        ? serviceIdText(undefined, author.value)
        : author.value;
  return messageId(who ?? "unknown", sentTimestamp ?? 0n);
}

function threadOf(conversation: ConversationIdentifier | undefined, people: People) {
  const identifier = conversation?.identifier;
  switch (identifier?.case) {
    case "threadGroupId":
      return people.group(Buffer.from(identifier.value).toString("base64"));
    case "threadServiceIdBinary":
      return directOf(serviceIdText(identifier.value), people);
    case "threadServiceId":
      return directOf(serviceIdText(undefined, identifier.value), people);
    case "threadE164":
      return directOf(identifier.value || undefined, people);
    case undefined:
      return undefined;
  }
}

function directOf(who: string | undefined, people: People) {
  return who === undefined ? undefined : people.direct(who);
}

/** Types and events: 1 audio, 2 video, 3 group, 4 ad hoc; 1 accepted, 2 not accepted, 3 deleted, 4 observed. */
function callText({
  type,
  event,
}: {
  readonly type?: number | undefined;
  readonly event?: number | undefined;
}): string {
  const call = { 1: "Voice call", 2: "Video call", 3: "Group call", 4: "Link call" }[type ?? 0] ?? "Call";
  const what = { 1: "accepted", 2: "not accepted", 3: "removed from the list", 4: "observed" }[event ?? 0];
  return what === undefined ? call : `${call}: ${what}`;
}

function instant(at: number): Pick<Reading, "sentAt"> {
  const sentAt = instantOf(at);
  return sentAt === undefined ? {} : { sentAt };
}
