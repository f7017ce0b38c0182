import { z } from "zod";
import type { Item } from "../webhook/items.ts";
import { reasonOf } from "./errors.ts";
import type { People } from "./people.ts";
import { idOf, instantOf, joined, nameOf, type Reading } from "./reading.ts";
import { error, errors, metadataOf } from "./schema.ts";

const words = z.string().nullish();
const id = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => (value === null || value === undefined || value === "" ? undefined : String(value)));

const chunk = z.looseObject({
  metadata: z.looseObject({ phase: id, chunk_order: id, progress: id }).nullish(),
  errors,
});
const bookEntry = z.looseObject({
  action: words,
  contact: z.looseObject({ full_name: words, phone_number: id, user_id: id }),
  metadata: z.looseObject({ timestamp: id }).nullish(),
});
const userChange = z.looseObject({
  wa_id: id,
  detail: words,
  timestamp: id,
  user_id: z.looseObject({ previous: id, current: id }),
});
const participant = z.looseObject({ wa_id: id, user_id: id, input: id });
const people_ = z.array(participant).nullish();
const setting = z.looseObject({ text: words, update_successful: z.boolean().nullish(), errors }).nullish();
const group = z.looseObject({
  group_id: id,
  type: words,
  timestamp: id,
  subject: words,
  reason: words,
  added_participants: people_,
  removed_participants: people_,
  failed_participants: people_,
  /** Of somebody who asks to join, or asks no more. */
  wa_id: id,
  user_id: id,
  initiated_by: words,
  profile_picture: setting,
  group_subject: setting,
  group_description: setting,
  errors,
});
type Group = z.infer<typeof group>;

/** What of a group was set, and what could not be. @see Meta, "Webhooks for Groups API" */
function settingsOf(data: Group): string[] {
  const all = {
    picture: data.profile_picture,
    subject: data.group_subject,
    description: data.group_description,
  };
  return Object.entries(all).flatMap(([name, one]) => {
    if (!one) return [];
    const is = one.update_successful === false ? "could not be set" : "set";
    const text = one.text ? ` to ${one.text}` : "";
    return [joined([`${name} ${is}${text}`, reasonOf(one.errors)])];
  });
}

/** Its name, once it is another. */
function subjectOf({ group_subject: set, subject }: Group): string | undefined {
  return (set && set.update_successful !== false ? set.text : undefined) ?? subject ?? undefined;
}
const call = z.looseObject({
  id,
  from: id,
  from_user_id: id,
  to: id,
  to_user_id: id,
  event: words,
  direction: words,
  status: z.unknown().optional(),
  duration: id,
  timestamp: id,
});

type Reader = (item: Item, people: People) => Reading | undefined;

/** Of everything but messages and statuses, by the list that it stands in. */
export const READERS: Readonly<Record<string, Reader>> = {
  errors: ({ value }) => {
    const { data } = error.safeParse(value);
    const why = data && reasonOf([data]);
    return why === undefined ? undefined : { kind: "gap", gap: { why } };
  },
  history: ({ value }) => {
    const { data } = chunk.safeParse(value);
    if (!data) return undefined;
    const why = reasonOf(data.errors);
    if (why !== undefined)
      return { kind: "gap", gap: { why: `The history was not shared: ${why}`.slice(0, 1_024) } };
    const { phase, chunk_order: part, progress } = data.metadata ?? {};
    return {
      kind: "notice",
      text: `A part of the history: phase ${phase ?? "?"}, part ${part ?? "?"}, ${progress ?? "?"} %`,
    };
  },
  state_sync: ({ value }, people) => {
    const { data } = bookEntry.safeParse(value);
    if (!data) return undefined;
    const { full_name: name, phone_number: phone, user_id: user } = data.contact;
    if (phone !== undefined) people.introduce([{ wa_id: phone, profile: { name } }]);
    const conversation = people.direct({ phone, user });
    return {
      kind: "identity",
      text: `The phone's address book: ${joined([data.action ?? "changed", name, phone])}`,
      ...(conversation && { conversation, sender: { id: conversation.id, name: conversation.title } }),
      ...timed(data.metadata?.timestamp),
    };
  },
  user_id_update: ({ value }, people) => {
    const { data } = userChange.safeParse(value);
    if (!data) return undefined;
    const { previous, current } = data.user_id;
    const conversation = people.direct({ phone: data.wa_id, user: current });
    const text = `A user id changed from ${previous ?? "unknown"} to ${current ?? "unknown"}`;
    return {
      kind: "identity",
      text: nameOf(joined([text, data.detail], ": ")),
      ...(conversation && { conversation, sender: { id: conversation.id, name: conversation.title } }),
      ...timed(data.timestamp),
    };
  },
  groups: ({ value }, people) => {
    const { data } = group.safeParse(value);
    if (data?.group_id === undefined) return undefined;
    const named = (what: string, list: z.infer<typeof people_>) =>
      list &&
      list.length > 0 &&
      `${what} ${list.map((one) => one.wa_id ?? one.user_id ?? one.input ?? "somebody").join(", ")}`;
    const who = [
      named("added", data.added_participants),
      named("removed", data.removed_participants),
      named("failed for", data.failed_participants),
      data.wa_id ?? data.user_id,
    ].filter((one) => typeof one === "string");
    const isMembership = who.length > 0 || /participant|join/.test(data.type ?? "");
    const by = data.initiated_by && `by ${data.initiated_by}`;
    const parts = [data.type, ...who, by, data.reason, ...settingsOf(data), reasonOf(data.errors)];
    return {
      kind: isMembership ? "membership" : "notice",
      conversation: people.group(data.group_id, subjectOf(data)),
      text: `Group: ${joined(parts)}`,
      ...timed(data.timestamp),
    };
  },
  calls: ({ value, metadata }, people) => {
    const { data } = call.safeParse(value);
    if (!data) return undefined;
    const display = metadataOf(metadata)?.display_phone_number?.replace(/\D/g, "");
    const isOwn = data.direction
      ? data.direction === "BUSINESS_INITIATED"
      : data.from !== undefined && data.from === display;
    const who = isOwn
      ? { phone: data.to, user: data.to_user_id }
      : { phone: data.from, user: data.from_user_id };
    const conversation = people.direct(who);
    const status = typeof data.status === "string" ? data.status : undefined;
    return {
      kind: "call",
      direction: isOwn ? "outgoing" : "incoming",
      text: `Call: ${joined([data.event, status, data.duration && `${data.duration} s`])}`,
      ...(data.id !== undefined && { networkId: idOf(data.id) }),
      ...(conversation && { conversation, sender: { id: conversation.id, name: conversation.title } }),
      ...timed(data.timestamp),
    };
  },
};

function timed(time: string | undefined): { sentAt?: string } {
  const sentAt = instantOf(time);
  return sentAt === undefined ? {} : { sentAt };
}
