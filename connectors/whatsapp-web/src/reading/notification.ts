import type { Fields } from "./fields.ts";
import { readGroupChange } from "./group-change.ts";
import type { People } from "./people.ts";
import { cut, joined, nameOf, type Said } from "./reading.ts";
import { timerOf } from "./timer.ts";

/** What WhatsApp itself writes into a conversation; undefined for what is none of it. */
export function readNotification(fields: Fields, by: string | undefined, people: People): Said | undefined {
  const { type, subtype } = fields;
  switch (type) {
    case "gp2":
    case "group_notification":
      return readGroupChange(fields, by, people);
    case "notification_template":
      return readTemplate(fields, by, people);
    case "e2e_notification":
      return readSecurity(fields, by, people);
    case "call_log":
      return { kind: "call", text: callOf(fields) };
    case "protocol":
      return subtype === "ephemeral_setting" ? timerOf(fields, by, people) : other(fields, people);
    case "pinned_message":
    case "pin_message":
      return about(fields.pinParentKey, fields.pinMessageType === 2 ? "Unpinned" : "Pinned");
    case "keep_in_chat": {
      const isUndone = fields.keepType === 2 || fields.kicState === 2;
      return about(
        fields.kicKey ?? fields.protocolMessageKey,
        isUndone ? "No longer kept from disappearing" : "Kept from disappearing",
      );
    }
    case "reaction":
      return fields.reactionParentKey
        ? { kind: "reaction", target: fields.reactionParentKey.id, text: cut(fields.reactionText ?? "", 64) }
        : undefined;
    case "poll_update":
      return about(fields.pollUpdateParentKey, "Voted: the vote itself is told apart from this");
    case "poll_add_option_decrypted":
      return about(
        fields.pollUpdateParentKey,
        joined(["An option was added to the poll", fields.body], ": "),
      );
    case "notification":
    case "broadcast_notification":
    case "newsletter_notification":
      return other(fields, people);
    default:
      return undefined;
  }
}

function about(key: Fields["pinParentKey"], text: string): Said {
  return { kind: "notice", text, ...(key && { target: key.id }) };
}

function readTemplate(fields: Fields, by: string | undefined, people: People): Said {
  const { subtype, templateParams, to } = fields;
  switch (subtype) {
    case "ephemeral":
    case "ephemeral_setting":
    case "disappearing_mode":
      return timerOf(fields, by, people);
    case "change_number": {
      const before = templateParams.find((id) => id !== to);
      return {
        kind: "identity",
        text: `The person's number changed from ${before ?? "unknown"} to ${to ?? "unknown"}`,
      };
    }
    case "change_username":
      return { kind: "identity", text: joined(["The person's username changed", ...templateParams], ": ") };
    default:
      return other(fields, people);
  }
}

function readSecurity({ subtype }: Fields, by: string | undefined, people: People): Said {
  if (subtype === "encrypt") return { kind: "notice", text: "Messages here are encrypted from end to end" };
  if (subtype !== "identity" && subtype !== null && subtype !== undefined)
    return { kind: "identity", text: `Something about the security code changed: ${cut(subtype, 128)}` };
  const whose = by === undefined ? "" : ` of ${people.called(by)}`;
  return {
    kind: "identity",
    text: cut(`The security code${whose} changed: the person has a new phone, or somebody else answers`),
  };
}

function callOf({ subtype, isVideoCall, callOutcome, callDuration }: Fields): string {
  const what = subtype ?? "";
  const isMissed = what.startsWith("miss") || /^missed$/i.test(callOutcome ?? "");
  const isVideo = isVideoCall === true || what.includes("video");
  const call = `${what.includes("group") ? "group " : ""}${isVideo ? "video" : "voice"} call`;
  const named = isMissed ? `Missed ${call}` : `${call[0]?.toUpperCase() ?? ""}${call.slice(1)}`;
  const how = isMissed || !callOutcome ? undefined : nameOf(callOutcome).slice(0, 64);
  const silenced = what === "silence" && "silenced";
  return joined([named, silenced, how, callDuration && `${callDuration} s`]);
}

/** Business accounts, labels, tips: told by WhatsApp's own names for them. */
function other(fields: Fields, people: People): Said {
  const { type, subtype, body, templateParams, recipients } = fields;
  const named = [type, subtype].filter(Boolean).join("/");
  const words = [...templateParams, ...recipients.map((id) => people.called(id))];
  return {
    kind: "notice",
    text: joined([`A notice of WhatsApp: ${cut(named, 256)}`, body, ...words.map((word) => nameOf(word))]),
  };
}
