import type { Captured } from "@daybook/contract";
import { AT, DISPLAY, FERGUS, messages, text, webhook } from "./fixtures/payloads.ts";
import { type Office, openOffice } from "./support/office.ts";

let office: Office;
beforeEach(async () => {
  office = await openOffice();
});
afterEach(() => office.close());

const eventsOf = async (payload: unknown) =>
  (await office.receive(payload)).map((one: Captured) => one.event);

it("records a group's messages and what happens to it", async () => {
  const change = {
    timestamp: String(AT),
    group_id: "g-1",
    type: "group_participants_add",
    added_participants: [{ wa_id: "1555" }],
  };
  const [said] = await eventsOf(messages(text("A", { group_id: "g-1" })));
  expect(said).toMatchObject({ conversation: { id: "g-1", kind: "group" }, sender: { id: FERGUS } });
  await office.receive(webhook("group_participants_update", { groups: [change] }));
  expect(office.sink.captured.at(-1)!.event).toMatchObject({
    kind: "membership",
    conversation: { id: "g-1" },
    text: expect.stringContaining("1555") as unknown,
  });
});

it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  [
    "group_lifecycle_update",
    { type: "group_create", request_id: "r", subject: "Pier", errors: [{ code: 131202, message: "No" }] },
    { kind: "notice", conversation: { title: "Pier" }, text: "Group: group_create, No (131202)" },
  ],
  [
    "group_participants_update",
    { type: "group_join_request_created", join_request_id: "j", wa_id: FERGUS },
    { kind: "membership", text: `Group: group_join_request_created, ${FERGUS}` },
  ],
  [
    "group_participants_update",
    {
      type: "group_participants_remove",
      removed_participants: [{ wa_id: "1555" }],
      initiated_by: "participant",
    },
    { kind: "membership", text: "Group: group_participants_remove, removed 1555, by participant" },
  ],
  [
    "group_settings_update",
    {
      type: "group_settings_update",
      group_subject: { text: "North pier", update_successful: true },
      group_description: {
        text: "Tides",
        update_successful: false,
        errors: [{ code: 131000, title: "Later" }],
      },
    },
    {
      kind: "notice",
      conversation: { title: "North pier" },
      text: "Group: group_settings_update, subject set to North pier, description could not be set to Tides, Later (131000)",
    },
  ],
  ["group_status_update", { type: "group_suspend" }, { kind: "notice", text: "Group: group_suspend" }],
])("records what %s says of a group: %j", async (field, what, expected) => {
  const [event, ...others] = await eventsOf(
    webhook(field, { groups: [{ timestamp: String(AT), group_id: "g-1", ...what }] }),
  );
  expect(others).toEqual([]);
  expect(event).toMatchObject({ conversation: { id: "g-1", kind: "group" }, ...expected });
  expect(Buffer.from(event!.raw, "base64").toString()).toContain(JSON.stringify(what).slice(1, -1));
});

it("records how far a call of ours is, and whose a call is that says no direction", async () => {
  const ringing = {
    id: "wacid.1",
    type: "call",
    status: "RINGING",
    timestamp: String(AT),
    recipient_id: FERGUS,
  };
  const [event] = await eventsOf(webhook("calls", { statuses: [ringing] }));
  expect(event).toMatchObject({
    kind: "call",
    direction: "outgoing",
    target: "wacid.1",
    text: "Call: RINGING",
    conversation: { id: FERGUS },
  });
  const call = { id: "wacid.2", from: DISPLAY, to: FERGUS, event: "connect", timestamp: String(AT) };
  await office.receive(webhook("calls", { calls: [call] }));
  expect(office.sink.captured.at(-1)!.event).toMatchObject({ direction: "outgoing", networkId: "wacid.2" });
});
