import { setImmediate } from "node:timers/promises";
import { SignalError } from "../error.ts";
import { Aci, plain, zkgroup } from "../libsignal.ts";
import type { Group, GroupMember } from "../protocol/gen/group_pb.ts";
import type { GroupCipher } from "../protocol/group-cipher.ts";
import { readServiceId } from "../protocol/service-id.ts";
import type { Access, GroupState } from "../store/groups.ts";

/** Signal's own limit, with whoever made the group. */
export const MAX_MEMBERS = 1_001;
const ADMINISTRATOR = 2;
const AT_ONCE = 20;
const ACCESS: Readonly<Record<number, Access>> = {
  1: "anybody",
  2: "members",
  3: "administrators",
  4: "nobody",
};

/**
 * Opens a group's state.
 *
 * @throws {SignalError} `malformed` for more members than Signal allows, or somebody who cannot be told: who is in it is
 * known whole or not at all
 */
export async function openState(group: Group, cipher: GroupCipher): Promise<GroupState> {
  const { members, invited, requesting, banned, accessControl } = group;
  if ([members, invited, requesting, banned].some(({ length }) => length > MAX_MEMBERS))
    throw new SignalError("malformed", "a group has more members than Signal allows");
  const who = (userId: Uint8Array | undefined) => {
    const id = cipher.who(userId ?? new Uint8Array());
    if (id === undefined) throw new SignalError("malformed", "a group's member cannot be told");
    return id;
  };
  return {
    revision: group.version,
    title: cipher.title(group.title) ?? "",
    description: cipher.description(group.description) ?? "",
    members: await inParts(members, ({ userId, role }) => ({
      id: who(userId),
      admin: role === ADMINISTRATOR,
    })),
    invited: await inParts(invited, ({ member }) => who(member?.userId)),
    requesting: await inParts(requesting, ({ userId }) => who(userId)),
    banned: await inParts(banned, ({ userId }) => who(userId)),
    timerSeconds: cipher.timerSeconds(group.disappearingMessagesTimer) ?? 0,
    announcementsOnly: group.announcementsOnly,
    access: {
      attributes: accessOf(accessControl?.attributes),
      members: accessOf(accessControl?.members),
      link: accessOf(accessControl?.addFromInviteLink),
    },
    terminated: group.terminated,
  };
}

/**
 * The members' profile keys, base64, by account; whoever's cannot be opened is left out: it may come with a message.
 *
 * @param ids of the members, in their order
 */
export async function profileKeysOf(
  members: readonly GroupMember[],
  ids: readonly string[],
  { params }: GroupCipher,
  isWanted: (aci: string) => boolean,
): Promise<Map<string, string>> {
  const cipher = new zkgroup.ClientZkGroupCipher(params);
  const keys = new Map<string, string>();
  await inParts(members, ({ profileKey }, n) => {
    const aci = readServiceId(undefined, ids[n]);
    if (!(aci instanceof Aci) || !isWanted(aci.getServiceIdString())) return;
    try {
      const key = cipher.decryptProfileKey(new zkgroup.ProfileKeyCiphertext(plain(profileKey)), aci);
      keys.set(aci.getServiceIdString(), Buffer.from(key.serialize()).toString("base64"));
    } catch {
      // See above.
    }
  });
  return keys;
}

/** A member takes up to a millisecond to open, and a process has many accounts: all else goes on in between. */
async function inParts<T, U>(list: readonly T[], open: (one: T, n: number) => U): Promise<U[]> {
  const opened: U[] = [];
  for (const [n, one] of list.entries()) {
    if (n % AT_ONCE === AT_ONCE - 1) await setImmediate();
    opened.push(open(one, n));
  }
  return opened;
}

function accessOf(required: number | undefined): Access {
  return ACCESS[required ?? 0] ?? "unknown";
}
