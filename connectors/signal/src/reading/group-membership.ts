import type { GroupChange_Actions } from "../protocol/gen/group_pb.ts";
import type { GroupCipher } from "../protocol/group-cipher.ts";
import type { People } from "./people.ts";

/** A change of a group, and who is who in it. */
export interface ChangeContext {
  readonly actions: GroupChange_Actions;
  readonly group: GroupCipher;
  /** Who made it. */
  readonly by: string;
  readonly people: People;
}

/** Of a service id that cannot be read. */
const SOMEBODY = "somebody";
const ADMINISTRATOR = 2;

/** What a change says of who is in the group, in words: one sentence for each kind of it. */
export function membershipChanges({ actions, group, by, people }: ChangeContext): string[] {
  const name = (who: string | undefined) => (who === undefined ? SOMEBODY : people.party(who).name);
  const actor = name(by);
  const idsOf = <T>(changes: readonly T[], read: (one: T) => Uint8Array | undefined) =>
    changes.map((one) => group.who(read(one) ?? new Uint8Array()));
  const proved = (one: { userId: Uint8Array; presentation: Uint8Array }) =>
    one.userId.length > 0 ? group.who(one.userId) : group.whoProves(one.presentation);
  /** Those who did it to themselves, and those to whom it was done. */
  const told = (
    whom: readonly (string | undefined)[],
    self: (who: string) => string,
    others: (names: string) => string,
  ) => {
    const rest = whom.filter((who) => who !== by);
    return [
      ...(rest.length < whom.length ? [self(actor)] : []),
      ...(rest.length > 0 ? [others(rest.map(name).join(", "))] : []),
    ];
  };
  const added = actions.addMembers.map(({ added: member, joinFromInviteLink }) => ({
    who: member && proved(member),
    byLink: joinFromInviteLink,
  }));
  const roles = (isAdmin: boolean) =>
    actions.modifyMemberRoles.filter(({ role }) => (role === ADMINISTRATOR) === isAdmin);
  const [raised, lowered] = [true, false].map((isAdmin) => idsOf(roles(isAdmin), (one) => one.userId));
  return [
    ...told(
      added.filter(({ byLink }) => !byLink).map(({ who }) => who),
      (who) => `${who} joined the group`,
      (names) => `${actor} added ${names}`,
    ),
    ...told(
      added.filter(({ byLink }) => byLink).map(({ who }) => who),
      (who) => `${who} joined the group by its link`,
      (names) => `${names} joined the group by its link`,
    ),
    ...told(
      idsOf(actions.deleteMembers, (one) => one.userId),
      (who) => `${who} left the group`,
      (names) => `${actor} removed ${names}`,
    ),
    ...told(
      raised ?? [],
      (who) => `${who} became an administrator`,
      (names) => `${actor} made administrators: ${names}`,
    ),
    ...told(
      lowered ?? [],
      (who) => `${who} is no longer an administrator`,
      (names) => `${actor} made ordinary members: ${names}`,
    ),
    ...told(
      idsOf(actions.addInvited, (one) => one.added?.member?.userId),
      (who) => `${who} was invited`,
      (names) => `${actor} invited ${names}`,
    ),
    ...told(
      idsOf(actions.deleteInvited, (one) => one.userId),
      (who) => `${who} declined the invitation`,
      (names) => `${actor} withdrew the invitation of ${names}`,
    ),
    ...told(
      [
        ...actions.promoteInvited.map(proved),
        // Whoever accepts for a phone number is told by that number's identity.
        ...actions.promoteInvitedByNumber.map(proved),
      ],
      (who) => `${who} accepted the invitation`,
      (names) => `${names} accepted the invitation`,
    ),
    ...told(
      idsOf(actions.addRequesting, (one) => one.added?.userId),
      (who) => `${who} asked to join`,
      (names) => `${names} asked to join`,
    ),
    ...told(
      idsOf(actions.deleteRequesting, (one) => one.userId),
      (who) => `${who} no longer asks to join`,
      (names) => `${actor} did not let join: ${names}`,
    ),
    ...told(
      idsOf(actions.promoteRequesting, (one) => one.userId),
      (who) => `${who} joined the group`,
      (names) => `${actor} let join: ${names}`,
    ),
    ...told(
      idsOf(actions.addBanned, (one) => one.added?.userId),
      (who) => `${who} was banned`,
      (names) => `${actor} banned ${names}`,
    ),
    ...told(
      idsOf(actions.deleteBanned, (one) => one.userId),
      (who) => `${who} is no longer banned`,
      (names) => `${actor} lifted the ban of ${names}`,
    ),
  ];
}
