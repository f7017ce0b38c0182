import type { FreshGroup } from "../groups/group-keeper.ts";
import { Aci, plain, zkgroup } from "../libsignal.ts";
import type { GroupCipher } from "../protocol/group-cipher.ts";

/**
 * What lets a member send to others of the group at once without naming itself: the storage service has endorsed that they
 * are in one group. Undefined where it has not, or it cannot be verified.
 *
 * @param to some of the members, but not the account itself
 */
export function groupToken(
  group: GroupCipher,
  { state, endorsements }: FreshGroup,
  server: zkgroup.ServerPublicParams,
  own: Aci,
  to: readonly string[],
  now: Date,
): zkgroup.GroupSendFullToken | undefined {
  if (endorsements.length === 0 || to.length === 0) return undefined;
  try {
    const response = new zkgroup.GroupSendEndorsementsResponse(plain(endorsements));
    const members = state.members.map(({ id }) => Aci.fromUuid(id));
    const received = response.receiveWithServiceIds(members, own, group.params, server, now);
    const among = new Set(to);
    // In the order of the group's members.
    const theirs = received.endorsements.filter((_, n) => among.has(state.members[n]?.id ?? ""));
    return zkgroup.GroupSendEndorsement.combine(theirs).toFullToken(group.params, response.getExpiration());
  } catch {
    // It has run out, or the group changed meanwhile: members can be written to one by one.
    return undefined;
  }
}
