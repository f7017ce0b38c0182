import type { StoryMessage } from "../protocol/gen/data_pb.ts";
import { attached, type Sent } from "./data-message.ts";
import { withMentions } from "./message-text.ts";
import { messageId } from "../protocol/message-id.ts";
import type { People } from "./people.ts";
import { cut, type Reading } from "./reading.ts";

/** A story: to a group, or to whoever its author lets see it. */
export function readStory(
  { group, attachment, bodyRanges }: StoryMessage,
  sent: Sent,
  people: People,
): Reading {
  const conversation = people.conversation(group?.masterKey, undefined) ?? {
    id: `stories:${sent.author}`,
    title: cut(`Stories of ${people.party(sent.author).name}`, 1024),
    kind: "channel" as const,
  };
  return {
    ...sent.base,
    kind: "message",
    conversation,
    networkId: messageId(sent.author, sent.timestamp),
    ...(attachment.case === "textAttachment" && {
      text: withMentions(attachment.value.text ?? "", bodyRanges, people),
    }),
    ...(attachment.case === "fileAttachment" && { attachments: [attached(attachment.value, "story")] }),
  };
}
