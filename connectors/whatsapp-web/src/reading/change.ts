import { withNames } from "./content.ts";
import { type Fields } from "./fields.ts";
import { type KeyRef } from "./ids.ts";
import type { Held } from "./held.ts";
import { baseOf, editedBefore, placeOf, type Seen } from "./message.ts";
import { cut, given, idOf, instantOf, joined, type Reading } from "./reading.ts";
import { bodyOf, digestOf } from "./stable.ts";

const UNHEARD = "seen when looking again";

/** How a change of a message was learned of: as it happened, or by looking again at what the page holds. */
export type Learned = "heard" | "found";

/**
 * A message's text is another. Where Daybook has not got the message and the page had its text, that is told first; a
 * gap where it had not.
 *
 * @param before the page's, null where it did not have it
 */
export function readEdit(it: Seen, before: string | null, held: Held, learned: Learned = "heard"): Reading[] {
  const { msg, fields, people } = it;
  const { sentAt: _, ...base } = baseOf(it);
  const id = msg.id._serialized;
  const target = idOf(msg.id.id);
  const body = bodyOf(fields) ?? "";
  const { latestEditMsgKey: key, latestEditSenderTimestampMs: ms } = fields;
  const at = instantOf(ms);
  const known = `edit:${key?.serialized ?? `${id}:${ms ?? digestOf([body])}`}`;
  const edit: Reading = {
    ...base,
    kind: "edit",
    target,
    text: withNames(body, fields, people),
    ...given("networkId", key?.id),
    ...given("sentAt", at),
    id: known,
    stable: ["edit", id, body],
  };
  const when = at === undefined ? ": when it was made is not known" : "";
  const found: Reading = {
    ...base,
    kind: "notice",
    target,
    text: `The edit of this message was ${UNHEARD}${when}`,
    id: `found-${known}`,
    stable: ["found-edit", id, body],
  };
  const edits = learned === "found" ? [edit, found] : [edit];
  if (held.original(id)) return edits;
  if (before === null) return [{ ...base, ...editedBefore(it) }, ...edits];
  return [
    {
      ...base,
      kind: "notice",
      target,
      text: cut(`The text before this edit: ${before}`),
      id: `before-edit:${id}`,
      stable: ["before-edit", id, before],
    },
    ...edits,
  ];
}

/** The message that was deleted: WhatsApp writes either on it or on a message of its own that names it. */
function deletedOf({ msg, fields: { protocolMessageKey: named } }: Pick<Seen, "msg" | "fields">): KeyRef {
  const own = { serialized: msg.id._serialized, id: idOf(msg.id.id) };
  return named && named.id !== own.id ? named : own;
}

/**
 * A message was deleted for everyone. Where Daybook has not got it, what the page still had of it is told first; a gap
 * where it had nothing.
 */
export function readDelete(
  it: Seen,
  before: Fields | undefined,
  held: Held,
  learned: Learned = "heard",
): Reading[] {
  const { fields, people } = it;
  const { sentAt: _, sender, ...base } = baseOf(it);
  const { serialized, id: target } = deletedOf(it);
  const at = instantOf(fields.revokeTimestamp && fields.revokeTimestamp * 1_000);
  const isByAdmin = fields.subtype === "admin" || fields.subtype === "admin_revoke";
  const by = fields.revokeSender === undefined ? undefined : people.party(fields.revokeSender);
  const who = by ?? (isByAdmin ? undefined : sender);
  const whose = { conversation: base.conversation, sender: who, isOwn: who?.id === people.own.id };
  const about = { ...base, ...placeOf(whose, people), ...given("sentAt", at) };
  const words = [
    isByAdmin && "Deleted by an administrator of the group",
    learned === "found" && `Deleted for everyone: ${UNHEARD}`,
    learned === "found" && at === undefined && "when it was deleted is not known",
  ];
  const text = joined(words);
  const deleted: Reading = {
    ...about,
    kind: "delete",
    target,
    ...(text !== "" && { text }),
    id: `delete:${serialized}`,
    stable: ["delete", serialized],
  };
  if (held.original(serialized)) return [deleted];
  const had = before && (bodyOf(before) ?? before.filename ?? undefined);
  const what = before && before.type !== "chat" ? ` (${cut(before.type, 64)})` : "";
  return [
    before
      ? {
          ...base,
          ...given("sender", sender),
          kind: "notice",
          target,
          text: cut(`The message before it was deleted${what}: ${had ?? "it had no text"}`),
          ...given("sentAt", instantOf(before.t && before.t * 1_000)),
          id: `before-delete:${serialized}`,
          stable: ["before-delete", serialized, had ?? null],
        }
      : {
          ...base,
          kind: "gap",
          gap: {
            why: "A message was deleted that Daybook had not got: what it said is not known",
            about: target,
          },
          id: `deleted-unseen:${serialized}`,
          stable: ["deleted-unseen", serialized],
        },
    deleted,
  ];
}

/** A message is gone from the account's own devices: nobody else's. */
export function readRemoved(it: Seen): Reading[] {
  const { people, msg } = it;
  const { sentAt: _, conversation, ...base } = baseOf(it);
  return [
    {
      ...base,
      ...placeOf({ conversation, sender: people.own, isOwn: true }, people),
      kind: "delete",
      target: idOf(msg.id.id),
      text: "Deleted on the account's own devices alone: others still have it",
      id: `removed:${msg.id._serialized}`,
      stable: ["removed", msg.id._serialized],
    },
  ];
}
