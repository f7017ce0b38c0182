import type { GroupState } from "../store/groups.ts";
import type { ChangeContext } from "./group-membership.ts";
import type { Reading } from "./reading.ts";

const ACCESS: Readonly<Record<number, string>> = {
  1: "anybody",
  2: "members",
  3: "administrators",
  4: "nobody",
};
const MAX_SHOWN = 2_048;

/** What a change says of the group itself. @param before as it was, where that is known */
export function settingsChanges(
  { actions, group, by, people }: ChangeContext,
  before: Pick<GroupState, "title"> | undefined,
): Pick<Reading, "kind" | "text" | "expiresAfterSeconds">[] {
  const actor = people.party(by).name;
  const notices: string[] = [];
  const { modifyTitle, modifyTimer, modifyDescription, modifyAvatar, modifyAnnouncementsOnly } = actions;
  if (modifyTitle) {
    const title = group.title(modifyTitle.value);
    const from = before === undefined ? "" : ` from "${before.title}"`;
    notices.push(
      title === undefined
        ? `${actor} changed the group's title, which cannot be read`
        : `${actor} changed the group's title${from} to "${title}"`,
    );
  }
  if (modifyDescription) {
    const description = group.description(modifyDescription.value);
    notices.push(
      description
        ? `${actor} changed the group's description to "${description.slice(0, MAX_SHOWN)}"`
        : `${actor} removed the group's description`,
    );
  }
  if (modifyAvatar)
    notices.push(`${actor} ${modifyAvatar.value === "" ? "removed" : "changed"} the group's picture`);
  if (modifyAnnouncementsOnly)
    notices.push(
      modifyAnnouncementsOnly.value
        ? `${actor} let only administrators write`
        : `${actor} let every member write`,
    );
  const accesses = [
    ["may change the group's title, picture and timer", actions.modifyAttributesAccess],
    ["may add members", actions.modifyMembersAccess],
    ["may join by the group's link", actions.modifyLinkAccess],
    ["may label members", actions.modifyLabelAccess],
  ] as const;
  for (const [what, access] of accesses)
    if (access) notices.push(`${actor} changed who ${what}: ${ACCESS[access.required] ?? "unknown"}`);
  if (actions.modifyInviteLinkPassword) notices.push(`${actor} renewed the group's link`);
  if (actions.modifyMemberProfileKeys.length > 0) notices.push(`${actor} has a new profile key`);
  if (actions.modifyMemberLabels.length > 0) notices.push(`${actor} changed how members are labelled`);
  if (actions.terminateGroup) notices.push(`${actor} ended the group`);
  // Kinds of change that came up after this version was made.
  if (actions.$unknown !== undefined && actions.$unknown.length > 0)
    notices.push(`${actor} changed the group in a way that this version does not read: its bytes are kept`);
  const timer = modifyTimer && group.timerSeconds(modifyTimer.value);
  return [
    ...(timer === undefined
      ? []
      : [{ kind: "timer" as const, text: timerText(actor, timer), expiresAfterSeconds: timer }]),
    ...(modifyTimer && timer === undefined
      ? [{ kind: "notice" as const, text: `${actor} changed the group's timer, which cannot be read` }]
      : []),
    ...notices.map((text) => ({ kind: "notice" as const, text })),
  ];
}

function timerText(actor: string, seconds: number): string {
  return seconds === 0
    ? `${actor} turned disappearing messages off`
    : `${actor} set messages to disappear after ${seconds} seconds`;
}
