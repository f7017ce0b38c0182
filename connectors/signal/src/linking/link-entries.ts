import type { Account, LinkedAccount } from "../store/account.ts";
import type { Entry } from "../store/entry.ts";

/**
 * What is on record of a link: that it was made, and what it cannot have heard. Of the first, everything before; of each
 * later one, what came after the link before it was last up, for Signal hands a new device nothing of that.
 */
export function linkEntries(before: Account | undefined, linked: LinkedAccount): Entry[] {
  const { deviceId, linkedAt, number, heardUntil } = linked;
  const notice = (id: string, text: string): Entry => ({ what: "notice", id, receivedAt: linkedAt, text });
  const made = notice(
    `linked:${deviceId}:${linkedAt}`,
    `The account was linked ${before ? "again, " : ""}as its device ${deviceId}`,
  );
  if (!before) {
    const why = "What was said before the account was linked was not taken: coverage starts here";
    return [{ what: "gap", id: `before-link:${linkedAt}`, to: linkedAt, why }, made];
  }
  const why =
    "The account was linked again: what was said after the link before was last up and until then may be missing";
  return [
    {
      what: "gap",
      id: `device-change:${linkedAt}`,
      from: Math.min(heardUntil ?? before.linkedAt, linkedAt),
      to: linkedAt,
      why,
    },
    made,
    ...(before.number !== number
      ? [notice(`number:${linkedAt}`, `The account's phone number is ${number ?? "none"} now`)]
      : []),
  ];
}
