import type { ChangeSource } from "../protocol/group-change.ts";
import { openChange } from "../protocol/group-change.ts";
import { GroupCipher } from "../protocol/group-cipher.ts";
import { membershipChanges } from "./group-membership.ts";
import { settingsChanges } from "./group-settings.ts";
import type { People } from "./people.ts";
import type { Reading } from "./reading.ts";

const MAX_TEXT = 1024 * 1024;
const FROM_LOG = " (learned from the group's log at Signal)";

/**
 * The events of a change of a group: never none. What Signal's server vouches for is the same events wherever it is learned
 * from; what it does not is a notice that believes nothing of it.
 *
 * @param base of the message that brought it, where one did: all that is taken of it is the conversation and the time
 */
export function readGroupChange(
  change: { readonly masterKey: Uint8Array; readonly bytes: Uint8Array; readonly source: ChangeSource },
  base: Partial<Reading>,
  people: People,
  titleBefore?: string,
): Reading[] {
  const group = new GroupCipher(change.masterKey);
  const opened = openChange(change.bytes, group, people.server, change.source);
  const conversation = people.group(group.id);
  if (typeof opened === "string")
    return [
      {
        ...base,
        conversation,
        kind: "notice",
        text: `A change of the group that cannot be verified: ${opened}. Its bytes are kept, nothing of it is believed`,
      },
    ];
  const { actions, revision, digest } = opened;
  const by = group.who(actions.sourceUserId) ?? "unknown";
  const context = { actions, group, by, people };
  const title = titleBefore ?? people.groupAt(group.id, revision - 1)?.title;
  const said = [
    ...membershipChanges(context).map((text) => ({ kind: "membership" as const, text })),
    ...settingsChanges(context, title === undefined ? undefined : { title }),
  ];
  if (said.length === 0)
    said.push({ kind: "notice", text: `${people.party(by).name} changed nothing of the group` });
  const { sentAt } = base;
  const recipients = people.recipients(conversation, by);
  const direction = by === people.own ? ("outgoing" as const) : ("incoming" as const);
  return said.map(({ text = "", ...one }, n) => ({
    ...one,
    text: (change.source === "log" ? text + FROM_LOG : text).slice(0, MAX_TEXT).toWellFormed(),
    conversation,
    sender: people.party(by),
    direction,
    ...(recipients && { recipients }),
    ...(sentAt !== undefined && { sentAt }),
    known: { id: `group-change:${group.id}:${revision}:${n}`, digest },
  }));
}
