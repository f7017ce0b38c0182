import type { Fields } from "./fields.ts";
import type { People } from "./people.ts";
import { cut, joined, type Said } from "./reading.ts";
import { timerOf } from "./timer.ts";

/** A change of a group, and who is who in it. */
interface Change {
  readonly fields: Fields;
  /** Who made it. */
  readonly by: string | undefined;
  readonly actor: string;
  /** Those to whom it was done, without who made it; empty where they did it themselves. */
  readonly others: string;
  /** Whom it is about: those to whom it was done, else who made it. */
  readonly whom: string;
}
type Tell = (change: Change) => string;

const MAX_SHOWN = 2_048;
const isOn = (word: string | null | undefined) => word === "on" || word === "true" || word === "1";
const param = ({ fields }: Change, n = 0) => fields.templateParams[n];
const group = (change: Change) => (change.fields.subtype?.includes("parent") ? "community" : "group");

const MEMBERSHIP: Readonly<Record<string, Tell>> = {
  create: ({ actor, fields, others }) =>
    `${actor} created the group${quoted(fields.body)}${others === "" ? "" : ` with ${others}`}`,
  add: ({ actor, others, whom }) => (others === "" ? `${whom} joined the group` : `${actor} added ${others}`),
  invite: ({ whom }) => `${whom} joined the group by its link`,
  v4_add_invite_sent: ({ actor, others, whom }) => `${actor} invited ${others || whom}`,
  v4_add_invite_join: ({ whom }) => `${whom} accepted the invitation`,
  linked_group_join: ({ whom }) => `${whom} joined the group from its community`,
  auto_add: ({ whom }) => `${whom} joined the group with its community`,
  invite_auto_add: ({ whom }) => `${whom} joined the community by its link`,
  default_sub_group_admin_add: ({ whom }) =>
    `${whom} joined the community's announcements as an administrator`,
  general_chat_add: ({ whom }) => `${whom} joined the community's general conversation`,
  community_participant_add_rich: ({ whom }) => `${whom} joined the community`,
  community_invite_rich: ({ whom }) => `${whom} joined the community by its link`,
  community_invite_auto_add_rich: ({ whom }) => `${whom} joined the community by its link`,
  sub_group_participant_add_rich: ({ whom }) => `${whom} joined the group`,
  sub_group_invite_rich: ({ whom }) => `${whom} joined the group by its link`,
  subgroup_admin_triggered_auto_add: ({ whom }) => `${whom} joined the community`,
  subgroup_admin_triggered_invite_auto_add: ({ whom }) => `${whom} joined the community`,
  remove: ({ actor, others, whom }) =>
    others === "" ? `${whom} left the group` : `${actor} removed ${others}`,
  leave: ({ whom }) => `${whom} left the group`,
  promote: ({ actor, others, whom, by }) =>
    others === "" || by === undefined
      ? `${whom} became an administrator`
      : `${actor} made administrators: ${others}`,
  demote: ({ actor, others, whom, by }) =>
    others === "" || by === undefined
      ? `${whom} is no longer an administrator`
      : `${actor} made ordinary members: ${others}`,
  linked_group_promote: ({ whom }) => `${whom} became an administrator of the community`,
  linked_group_demote: ({ whom }) => `${whom} is no longer an administrator of the community`,
  default_sub_group_promote: ({ whom }) => `Members of the community changed: ${whom}`,
  default_sub_group_demote: ({ whom }) => `Members of the community changed: ${whom}`,
  initial_pHash_mismatch: () => "Members of the group changed: WhatsApp does not say who",
  membership_approval_request: ({ whom }) => `${whom} asked to join`,
  created_membership_requests: ({ actor, others }) =>
    others === "" ? `${actor} asked to join` : `${actor} asked to let join: ${others}`,
  revoked_membership_requests: ({ actor, others }) =>
    others === "" ? `${actor} no longer asks to join` : `${actor} did not let join: ${others}`,
  join_flood_notification: () => "Several people joined the group by its link",
  community_owner_update: ({ actor, whom }) => `${actor} made the owner of the community: ${whom}`,
};

const NOTICES: Readonly<Record<string, Tell>> = {
  subject: ({ actor, fields }) =>
    `${actor} changed the group's title to "${cut(fields.body ?? "", MAX_SHOWN)}"`,
  description: described,
  parent_group_description: described,
  picture: ({ actor, fields }) =>
    `${actor} ${fields.body === "remove" ? "removed" : "changed"} the group's picture`,
  announce: ({ actor, fields }) =>
    isOn(fields.body) ? `${actor} let only administrators write` : `${actor} let every member write`,
  announce_msg_bounce: () => "Only administrators may write",
  restrict: (change) =>
    `${change.actor} changed who may change the group's title, picture and timer: ${
      isOn(param(change) ?? change.fields.body) ? "administrators" : "members"
    }`,
  no_frequently_forwarded: ({ actor, fields }) =>
    `${actor} let ${isOn(fields.body) ? "no " : ""}messages into the group that were forwarded many times`,
  member_add_mode: (change) =>
    `${change.actor} changed who may add members: ${
      param(change)?.includes("admin") ? "administrators" : (param(change) ?? "unknown")
    }`,
  member_link_mode: (change) =>
    `${change.actor} changed who may share the group's link: ${
      param(change)?.includes("admin") ? "administrators" : (param(change) ?? "unknown")
    }`,
  membership_approval_mode: (change) =>
    `${change.actor} changed whether administrators approve who joins: ${param(change) ?? "unknown"}`,
  revoke_invite: ({ actor }) => `${actor} renewed the group's link`,
  growth_locked: () => "The group's link stopped working",
  growth_unlocked: () => "The group's link works again",
  delete: ({ actor }) => `${actor} ended the group`,
  hidden_group: ({ actor }) => `${actor} hid the group`,
  ephemeral_keep_in_chat: () => "Disappearing messages can be kept in this conversation",
  allow_admin_reports: (change) =>
    `${change.actor} changed whether members report messages to administrators: ${param(change) ?? "unknown"}`,
  allow_non_admin_sub_group_creation: (change) =>
    `${change.actor} changed who may add groups to the community: ${param(change) ?? "unknown"}`,
  member_share_group_history_mode: (change) =>
    `${change.actor} changed who may share the group's history: ${param(change) ?? "unknown"}`,
  created_subgroup_suggestion: ({ actor }) => `${actor} proposed a group for the community`,
  general_chat_auto_add_disabled: () => "New members no longer join the community's general conversation",
  community_create: ({ actor, fields }) => `${actor} created the community${quoted(fields.body)}`,
  empty_subgroup_create: ({ actor }) => `${actor} created the group in the community`,
  parent_group_link: linked,
  sibling_group_link: linked,
  sub_group_link: linked,
  community_link_parent_group_rich: linked,
  parent_group_unlink: unlinked,
  sibling_group_unlink: unlinked,
  sub_group_unlink: unlinked,
  integrity_parent_group_unlink: unlinked,
  delete_parent_group: ({ actor }) => `${actor} ended the community`,
  delete_parent_group_unlink: ({ actor }) => `${actor} ended the community`,
};

function described(change: Change): string {
  const { actor, fields } = change;
  return fields.body
    ? `${actor} changed the ${group(change)}'s description to "${cut(fields.body, MAX_SHOWN)}"`
    : `${actor} changed the ${group(change)}'s description`;
}

function linked({ actor }: Change): string {
  return `${actor} made the group part of a community`;
}

function unlinked({ actor }: Change): string {
  return `${actor} took the group out of its community`;
}

/** What a notification of a group tells, in words. */
export function readGroupChange(fields: Fields, by: string | undefined, people: People): Said {
  const { subtype, recipients, body } = fields;
  const others = joined(recipients.filter((id) => id !== by).map((id) => people.called(id)));
  const whom = others || people.called(recipients[0] ?? by);
  const actor = people.called(by);
  const change: Change = { fields, by, actor, others, whom };
  const what = subtype ?? "";
  if (what === "ephemeral" || what === "not_ephemeral") return timerOf(fields, by, people);
  if (what === "modify")
    return {
      kind: "identity",
      text: `A member's number changed from ${by ?? "unknown"} to ${recipients[0] ?? "unknown"}`,
    };
  if (Object.hasOwn(MEMBERSHIP, what)) return { kind: "membership", text: told(MEMBERSHIP[what], change) };
  if (Object.hasOwn(NOTICES, what)) return { kind: "notice", text: told(NOTICES[what], change) };
  return {
    kind: "notice",
    text: joined([
      `A change of the group of a kind that Daybook does not know: ${cut(what, 128)}`,
      others,
      body,
    ]),
  };
}

function told(tell: Tell | undefined, change: Change): string {
  return cut(tell?.(change) ?? "");
}

function quoted(words: string | null | undefined): string {
  return words ? ` "${cut(words, MAX_SHOWN)}"` : "";
}
