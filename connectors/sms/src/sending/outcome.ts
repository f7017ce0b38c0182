import type { RelayFailure } from "@daybook/contract";
import { type Pdu, STATUS } from "../smpp/index.ts";
import type { Judged } from "./carrier.ts";

const HEALS: ReadonlySet<number> = new Set([STATUS.throttled, STATUS.queueFull, STATUS.temporaryFailure]);

const SOURCE =
  "the aggregator does not let Daybook send from this number: an administrator has to ask it to allow that";
const UNKNOWN_NUMBER = "the aggregator says that there is no such number";
const MAY_NOT = "the aggregator lets Daybook only listen: an administrator has to ask it to allow sending";

/** In the words of an official. */
const FAILURES: Readonly<Record<number, readonly [RelayFailure, string]>> = {
  [STATUS.invalidMessageLength]: ["too-long", "the aggregator says that it is too long"],
  [STATUS.invalidCommandId]: ["unlinked", MAY_NOT],
  [STATUS.invalidBindStatus]: ["unlinked", MAY_NOT],
  [STATUS.invalidSource]: ["refused", SOURCE],
  [STATUS.invalidSourceType]: ["refused", SOURCE],
  [STATUS.invalidDestination]: ["no-such-recipient", UNKNOWN_NUMBER],
  [STATUS.invalidDestinationType]: ["no-such-recipient", UNKNOWN_NUMBER],
};

/** What the answer to a submit_sm means. @see SMPP 3.4, 5.1.3 */
export function judge(answer: Pdu): Judged {
  const { status } = answer;
  if (status === STATUS.ok)
    return answer.command === "submit_sm_resp"
      ? { state: "accepted", id: answer.body?.messageId ?? "" }
      : { state: "unknown" };
  if (HEALS.has(status)) return { state: "again", isThrottled: true };
  const known = FAILURES[status];
  if (known) return { state: "failed", code: known[0], why: known[1] };
  return { state: "failed", code: "refused", why: `the aggregator refuses it (status ${status})` };
}
