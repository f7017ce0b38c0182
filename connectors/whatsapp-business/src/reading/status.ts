import { reasonOf } from "./errors.ts";
import type { People } from "./people.ts";
import { idOf, instantOf, nameOf, type Reading } from "./reading.ts";
import type { Status } from "./schema.ts";

/** What became of a message of ours, with one person. */
export function readStatus(status: Status, people: People): Reading {
  const { id, status: what, recipient_type: type, recipient_id: recipient, errors } = status;
  const isGroup = type === "group" && recipient !== undefined;
  const who = isGroup
    ? { phone: status.recipient_participant_id, user: status.recipient_participant_user_id }
    : { phone: recipient, user: status.recipient_user_id };
  const conversation = isGroup ? people.group(recipient) : people.direct(who);
  const sender = people.meet(who)?.party;
  const sentAt = instantOf(status.timestamp);
  const reason = reasonOf(errors);
  const words = reason === undefined ? nameOf(what) : `${nameOf(what)}: ${reason}`;
  const isCall = status.type === "call";
  return {
    kind: isCall ? "call" : "receipt",
    direction: isCall ? "outgoing" : "incoming",
    target: idOf(id),
    text: isCall ? `Call: ${words}` : words,
    ...(sender && { sender }),
    ...(conversation && { conversation }),
    ...(sentAt !== undefined && { sentAt }),
  };
}

/** The same at every redelivery, another for each state and person. */
export function statusId(status: Status): string {
  const who =
    status.recipient_participant_id ??
    status.recipient_participant_user_id ??
    status.recipient_user_id ??
    status.recipient_id ??
    "";
  return `status:${status.id}:${status.status}:${who}:${status.timestamp ?? ""}`;
}
