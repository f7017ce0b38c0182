import type { GroupState } from "../store/groups.ts";

const MAX_NAMED = 100;
const MAX_TEXT = 16_384;

/** In words, what is other in a group than it was, where no log tells how it came so. People are named by their ids. */
export function difference(before: GroupState, after: GroupState): string {
  const ids = (list: GroupState["members"]) => list.map(({ id }) => id);
  const admins = (list: GroupState["members"]) => ids(list.filter(({ admin }) => admin));
  const said = [
    ...lists("no longer members", ids(before.members), ids(after.members)),
    ...lists("new members", ids(after.members), ids(before.members)),
    ...lists("no longer administrators", admins(before.members), admins(after.members)),
    ...lists("new administrators", admins(after.members), admins(before.members)),
    ...lists("invited", after.invited, before.invited),
    ...lists("no longer invited", before.invited, after.invited),
    ...lists("ask to join", after.requesting, before.requesting),
    ...lists("banned", after.banned, before.banned),
    ...lists("no longer banned", before.banned, after.banned),
    ...(before.title === after.title ? [] : [`title from "${before.title}" to "${after.title}"`]),
    ...(before.description === after.description ? [] : ["another description"]),
    ...(before.timerSeconds === after.timerSeconds
      ? []
      : [`messages disappear after ${after.timerSeconds} seconds (0: never)`]),
    ...(before.announcementsOnly === after.announcementsOnly
      ? []
      : [after.announcementsOnly ? "only administrators may write" : "every member may write"]),
    ...(JSON.stringify(before.access) === JSON.stringify(after.access) ? [] : ["other rights"]),
    ...(after.terminated && !before.terminated ? ["the group ended"] : []),
  ];
  return (said.length === 0 ? "nothing that this version reads" : said.join("; ")).slice(0, MAX_TEXT);
}

function lists(what: string, these: readonly string[], those: readonly string[]): string[] {
  const known = new Set(those);
  const others = these.filter((id) => !known.has(id));
  if (others.length === 0) return [];
  const more = others.length > MAX_NAMED ? ` and ${others.length - MAX_NAMED} more` : "";
  return [`${what}: ${others.slice(0, MAX_NAMED).join(", ")}${more}`];
}
