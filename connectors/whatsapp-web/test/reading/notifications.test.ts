import {
  came,
  eventsOf,
  FERGUS,
  groupMessage,
  HARBOUR,
  key,
  MAIRI,
  message,
  OWN,
  OWN_LID,
  SENT,
  wid,
} from "../fixtures/observations.ts";

/** Mairi does something in the group. */
const change = (subtype: string, fields: Record<string, unknown> = {}) =>
  eventsOf(came(groupMessage({ type: "gp2", subtype, ...fields })));
const FERGUS_ALONE = { recipients: [wid(FERGUS)] };
const MAIRI_ALONE = { recipients: [MAIRI] };

it.each<[string, Record<string, unknown>, string]>([
  ["create", { body: "Harbour" }, 'Mairi Dunn created the group "Harbour"'],
  ["add", FERGUS_ALONE, "Mairi Dunn added Fergus Reid"],
  ["add", MAIRI_ALONE, "Mairi Dunn joined the group"],
  ["invite", MAIRI_ALONE, "Mairi Dunn joined the group by its link"],
  ["linked_group_join", MAIRI_ALONE, "Mairi Dunn joined the group from its community"],
  ["v4_add_invite_sent", FERGUS_ALONE, "Mairi Dunn invited Fergus Reid"],
  ["v4_add_invite_join", MAIRI_ALONE, "Mairi Dunn accepted the invitation"],
  ["remove", FERGUS_ALONE, "Mairi Dunn removed Fergus Reid"],
  ["leave", MAIRI_ALONE, "Mairi Dunn left the group"],
  ["promote", FERGUS_ALONE, "Mairi Dunn made administrators: Fergus Reid"],
  [
    "promote",
    { ...FERGUS_ALONE, author: undefined, id: key("A", HARBOUR) },
    "Fergus Reid became an administrator",
  ],
  ["demote", FERGUS_ALONE, "Mairi Dunn made ordinary members: Fergus Reid"],
  ["linked_group_promote", FERGUS_ALONE, "Fergus Reid became an administrator of the community"],
  ["membership_approval_request", {}, "Mairi Dunn asked to join"],
  ["created_membership_requests", {}, "Mairi Dunn asked to join"],
  ["created_membership_requests", FERGUS_ALONE, "Mairi Dunn asked to let join: Fergus Reid"],
  ["revoked_membership_requests", FERGUS_ALONE, "Mairi Dunn did not let join: Fergus Reid"],
  ["revoked_membership_requests", MAIRI_ALONE, "Mairi Dunn no longer asks to join"],
  ["initial_pHash_mismatch", {}, "Members of the group changed: WhatsApp does not say who"],
])("reads %s as membership", (subtype, fields, text) => {
  const [event, ...more] = change(subtype, fields);
  expect(more).toEqual([]);
  expect(event).toMatchObject({ kind: "membership", text, conversation: { id: HARBOUR }, sentAt: SENT });
});

it.each<[string, Record<string, unknown>, string]>([
  ["subject", { body: "Pier works" }, 'Mairi Dunn changed the group\'s title to "Pier works"'],
  ["description", { body: "All of it" }, 'Mairi Dunn changed the group\'s description to "All of it"'],
  ["picture", { body: "" }, "Mairi Dunn changed the group's picture"],
  ["picture", { body: "remove" }, "Mairi Dunn removed the group's picture"],
  ["announce", { body: "on" }, "Mairi Dunn let only administrators write"],
  ["announce", { body: "off" }, "Mairi Dunn let every member write"],
  [
    "restrict",
    { templateParams: ["on"] },
    "Mairi Dunn changed who may change the group's title, picture and timer: administrators",
  ],
  [
    "member_add_mode",
    { templateParams: ["admin_add"] },
    "Mairi Dunn changed who may add members: administrators",
  ],
  [
    "member_add_mode",
    { templateParams: ["all_member_add"] },
    "Mairi Dunn changed who may add members: all_member_add",
  ],
  [
    "membership_approval_mode",
    { templateParams: ["on"] },
    "Mairi Dunn changed whether administrators approve who joins: on",
  ],
  ["revoke_invite", {}, "Mairi Dunn renewed the group's link"],
  ["delete", {}, "Mairi Dunn ended the group"],
  ["parent_group_link", {}, "Mairi Dunn made the group part of a community"],
  ["sub_group_unlink", {}, "Mairi Dunn took the group out of its community"],
  [
    "teleport",
    { body: "there", ...FERGUS_ALONE },
    "A change of the group of a kind that Daybook does not know: teleport, Fergus Reid, there",
  ],
])("reads %s as a notice", (subtype, fields, text) => {
  expect(change(subtype, fields)).toMatchObject([{ kind: "notice", text, sender: { id: MAIRI } }]);
});

it.each<[string, Record<string, unknown>, number]>([
  ["gp2", { subtype: "ephemeral", templateParams: ["86400"] }, 86_400],
  ["gp2", { subtype: "ephemeral", templateParams: [604_800, wid(MAIRI)] }, 604_800],
  ["gp2", { subtype: "ephemeral", ephemeralDuration: 0 }, 0],
  ["gp2", { subtype: "not_ephemeral" }, 0],
  ["notification_template", { subtype: "disappearing_mode", templateParams: ["86400", MAIRI] }, 86_400],
  ["protocol", { subtype: "ephemeral_setting", ephemeralDuration: 86_400 }, 86_400],
])("reads a timer of a %s", (type, fields, seconds) => {
  expect(eventsOf(came(groupMessage({ type, ...fields })))).toMatchObject([
    {
      kind: "timer",
      expiresAfterSeconds: seconds,
      text:
        seconds === 0
          ? "Mairi Dunn turned disappearing messages off"
          : `Mairi Dunn set messages to disappear after ${seconds} seconds`,
    },
  ]);
});

it("says of a timer that cannot be read that it changed", () => {
  expect(change("ephemeral")).toMatchObject([
    { kind: "notice", text: expect.stringContaining("cannot be read") as string },
  ]);
});

it("reads who changed their number, from which to which", () => {
  const now = "447700900777@c.us";
  const template = { type: "notification_template", subtype: "change_number", to: wid(now) };
  expect(eventsOf(came(message({ ...template, templateParams: [FERGUS, now] })))).toMatchObject([
    { kind: "identity", text: `The person's number changed from ${FERGUS} to ${now}` },
  ]);
  expect(change("modify", { recipients: [now] })).toMatchObject([
    { kind: "identity", text: `A member's number changed from ${MAIRI} to ${now}` },
  ]);
});

it.each([
  [
    "identity",
    "identity",
    "The security code of Fergus Reid changed: the person has a new phone, or somebody else answers",
  ],
  ["encrypt", "notice", "Messages here are encrypted from end to end"],
])("reads a notification of encryption: %s", (subtype, kind, text) => {
  expect(eventsOf(came(message({ type: "e2e_notification", subtype })))).toMatchObject([{ kind, text }]);
});

it.each<[Record<string, unknown>, string]>([
  [{ subtype: "miss" }, "Missed voice call"],
  [{ subtype: "miss_video" }, "Missed video call"],
  [{ subtype: "miss_group_video" }, "Missed group video call"],
  [{ isVideoCall: true, callOutcome: "Completed", callDuration: 65 }, "Video call, Completed, 65 s"],
  [{ callOutcome: "Missed" }, "Missed voice call"],
])("reads what became of a call: %j", (fields, text) => {
  expect(eventsOf(came(message({ type: "call_log", ...fields })))).toMatchObject([
    { kind: "call", text, sentAt: SENT, networkId: "3EB0A1" },
  ]);
});

it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ["pin_message", { pinParentKey: key("3EB0FF"), pinMessageType: 1 }, { text: "Pinned", target: "3EB0FF" }],
  ["pin_message", { pinParentKey: key("3EB0FF"), pinMessageType: 2 }, { text: "Unpinned", target: "3EB0FF" }],
  ["pinned_message", { templateParams: [wid(FERGUS)] }, { text: "Pinned" }],
  [
    "keep_in_chat",
    { kicKey: key("3EB0FF"), kicState: 1 },
    { text: "Kept from disappearing", target: "3EB0FF" },
  ],
  ["keep_in_chat", { kicKey: `false_${FERGUS}_3EB0FF` }, { target: "3EB0FF" }],
  [
    "broadcast_notification",
    { subtype: "create" },
    { text: "A notice of WhatsApp: broadcast_notification/create" },
  ],
  [
    "notification_template",
    { subtype: "biz_intro_top" },
    { text: "A notice of WhatsApp: notification_template/biz_intro_top" },
  ],
  [
    "protocol",
    { subtype: "share_phone_number" },
    { text: "A notice of WhatsApp: protocol/share_phone_number" },
  ],
  ["poll_update", { pollUpdateParentKey: key("3EB0FF") }, { target: "3EB0FF" }],
])("reads a %s as a notice", (type, fields, expected) => {
  expect(eventsOf(came(message({ type, ...fields })))).toMatchObject([{ kind: "notice", ...expected }]);
});

it.each([OWN.id, OWN_LID])("knows what the account itself did in a group, as %s", (author) => {
  const msg = groupMessage({ type: "gp2", subtype: "add", author: wid(author), ...FERGUS_ALONE });
  expect(eventsOf(came(msg))).toMatchObject([
    { direction: "outgoing", sender: OWN, text: "Rowan Keel added Fergus Reid" },
  ]);
});
