import type { Entry, Reading } from "./entry.ts";

const MESSAGE = 0;
const MEMBER = 1;
const TITLE = 2;
const SELF = 3;
const LOCATION = 4;
const KEPT_AUDIO = 5;
const SHARE_PLAY = 6;

/** What a row that is no message says, in words; undefined for one that is. */
export function groupChange({ found, people }: Reading): Pick<Entry, "kind" | "text"> | undefined {
  const { row } = found;
  const type = Number(row.integer("item_type"));
  if (type === MESSAGE) return undefined;
  const action = Number(row.integer("group_action_type"));
  const about = people.party(row.integer("other_handle"))?.name ?? "somebody";
  switch (type) {
    case MEMBER:
      return { kind: "membership", text: action === 0 ? `Added ${about}` : `Removed ${about}` };
    case TITLE:
      return {
        kind: "membership",
        text: `Named the conversation ${JSON.stringify((row.text("group_title") ?? "").slice(0, 1_024))}`,
      };
    case SELF:
      return { kind: "membership", text: OF_SELF[action] ?? "Changed the conversation" };
    case LOCATION:
      return { kind: "notice", text: "Started or stopped sharing a location" };
    case KEPT_AUDIO:
      return { kind: "notice", text: "Kept an audio message" };
    case SHARE_PLAY:
      return { kind: "notice", text: "SharePlay or FaceTime" };
    default:
      return { kind: "notice", text: "Something of a kind that this version does not read: its row is kept" };
  }
}

const OF_SELF: Readonly<Record<number, string>> = {
  0: "Left the conversation",
  1: "Changed the conversation's picture",
  2: "Removed the conversation's picture",
  4: "Changed the conversation's background",
  6: "Removed the conversation's background",
};
