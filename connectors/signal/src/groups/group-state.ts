import { SignalError } from "../error.ts";
import { Aci, plain, zkgroup } from "../libsignal.ts";
import type { Group, GroupMember } from "../protocol/gen/group_pb.ts";
import type { GroupCipher } from "../protocol/group-cipher.ts";
import { readServiceId } from "../protocol/service-id.ts";
import type { Access, GroupState } from "../store/groups.ts";

/** Signal's own limit, with whoever made the group. */
export const MAX_MEMBERS = 1_001;
const ADMINISTRATOR = 2;
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
export function openState(group: Group, cipher: GroupCipher): GroupState {
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
    members: members.map(({ userId, role }) => ({ id: who(userId), admin: role === ADMINISTRATOR })),
    invited: invited.map(({ member }) => who(member?.userId)),
    requesting: requesting.map(({ userId }) => who(userId)),
    banned: banned.map(({ userId }) => who(userId)),
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

/** The members' profile keys, base64, by account; whoever's cannot be opened is left out. */
export function profileKeysOf(
  members: readonly GroupMember[],
  { params }: GroupCipher,
  isWanted: (aci: string) => boolean,
): Map<string, string> {
  const cipher = new zkgroup.ClientZkGroupCipher(params);
  const keys = new Map<string, string>();
  for (const { userId, profileKey } of members) {
    try {
      const id = cipher.decryptServiceId(new zkgroup.UuidCiphertext(plain(userId)));
      const aci = readServiceId(undefined, id.getServiceIdString());
      if (!(aci instanceof Aci) || !isWanted(aci.getServiceIdString())) continue;
      const key = cipher.decryptProfileKey(new zkgroup.ProfileKeyCiphertext(plain(profileKey)), aci);
      keys.set(aci.getServiceIdString(), Buffer.from(key.serialize()).toString("base64"));
    } catch {
      // It may come with a message.
    }
  }
  return keys;
}

function accessOf(required: number | undefined): Access {
  return ACCESS[required ?? 0] ?? "unknown";
}
