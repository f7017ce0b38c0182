import { z } from "zod";
import type { AccountFile } from "./account-file.ts";
import type { Values } from "./changes.ts";

/** Earlier revisions of a group are kept so far back: what a late change says of before is read from them. */
const KEPT_REVISIONS = 20;

/** What is known of a group. */
const group = z.strictObject({
  masterKey: z.string(),
  title: z.string().optional(),
  /** Accounts, as text. */
  members: z.array(z.string()).optional(),
  /** The newest revision whose state is kept. */
  revision: z.int().nonnegative().optional(),
  /** All whose states are kept, oldest first. */
  revisions: z.array(z.int().nonnegative()).optional(),
  /** When the storage service was last asked for it, and answered. Milliseconds since 1970. */
  checkedAt: z.int().nonnegative().optional(),
  /** The storage service does not show it to this account, which is not in it, or not so that it can be read. */
  closed: z.boolean().optional(),
});
export type Group = z.infer<typeof group>;

const who = z.string();
/** Who may do something in a group; `unknown` for what this version does not read. */
const access = z.enum(["anybody", "members", "administrators", "nobody", "unknown"]);
export type Access = z.infer<typeof access>;

/** A group as it was at one revision. */
const groupState = z.strictObject({
  revision: z.int().nonnegative(),
  title: z.string(),
  description: z.string(),
  members: z.array(z.strictObject({ id: who, admin: z.boolean() })),
  /** Accounts, or the identities of phone numbers. */
  invited: z.array(who),
  requesting: z.array(who),
  banned: z.array(who),
  /** 0 where messages do not disappear. */
  timerSeconds: z.int().nonnegative(),
  announcementsOnly: z.boolean(),
  access: z.strictObject({ attributes: access, members: access, link: access }),
  /** It is over: nobody can write to it. */
  terminated: z.boolean(),
});
export type GroupState = z.infer<typeof groupState>;

/** @param id base64 */
export function readGroup(values: Pick<Values, "get">, id: string): Group | undefined {
  const stored = values.get("group", id);
  return stored && group.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

/** All that are known, by their master keys, base64. */
export function* allGroups(file: Pick<AccountFile, "all">): Generator<Group> {
  for (const stored of file.all("group")) yield group.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

/** Takes note of a group, if it is new. @param id base64 */
export function learnGroup(values: Values, id: string, masterKey: Uint8Array): void {
  if (readGroup(values, id)) return;
  writeGroup(values, id, { masterKey: Buffer.from(masterKey).toString("base64") });
}

export function writeGroup(values: Values, id: string, value: Group): void {
  values.set("group", id, encode(value));
}

/** A group at one of its revisions, if that is kept; at the newest if none is named. */
export function readGroupState(
  values: Pick<Values, "get">,
  id: string,
  revision = readGroup(values, id)?.revision,
): GroupState | undefined {
  const stored = revision === undefined ? undefined : values.get("group-state", `${id}/${revision}`);
  return stored && groupState.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

/** Keeps a group's newest state, which makes its title and members, and earlier ones; those older than are kept go. */
export function writeGroupState(
  values: Values,
  id: string,
  newest: GroupState,
  earlier: readonly GroupState[],
  at: number,
): void {
  const known = readGroup(values, id);
  if (!known) return;
  const states = [...earlier, newest];
  for (const state of states) values.set("group-state", `${id}/${state.revision}`, encode(state));
  const all = new Set([...(known.revisions ?? []), ...states.map(({ revision }) => revision)]);
  const revisions = [...all].sort((a, b) => a - b);
  for (const old of revisions.splice(0, Math.max(0, revisions.length - KEPT_REVISIONS)))
    values.set("group-state", `${id}/${old}`, undefined);
  writeGroup(values, id, {
    masterKey: known.masterKey,
    title: newest.title,
    members: newest.members.map((member) => member.id),
    revision: newest.revision,
    revisions,
    checkedAt: at,
  });
}

/** Notes that the storage service was asked, and shows nothing of the group to this account. */
export function closeGroup(values: Values, id: string, at: number): void {
  const known = readGroup(values, id);
  if (known) writeGroup(values, id, { ...known, checkedAt: at, closed: true });
}

/** Which group a message was in, by its network id: what receipts and read marks do not say. */
export function groupOfMessage(values: Pick<Values, "get">, networkId: string): string | undefined {
  const stored = values.get("group-of", networkId);
  return stored && Buffer.from(stored).toString("utf8");
}

export function rememberGroupOf(values: Values, networkId: string, groupId: string): void {
  values.set("group-of", networkId, Buffer.from(groupId));
}

function encode(value: Group | GroupState): Buffer {
  return Buffer.from(JSON.stringify(value));
}
