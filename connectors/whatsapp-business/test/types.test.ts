import type { Captured } from "@daybook/contract";
import {
  ACCOUNT,
  AT,
  DISPLAY,
  FERGUS,
  message,
  messages,
  NUMBER,
  statuses,
  text,
  webhook,
} from "./fixtures/payloads.ts";
import { CUSTODIAN, type Office, openOffice } from "./support/office.ts";

let office: Office;
beforeEach(async () => {
  office = await openOffice();
});
afterEach(() => office.close());

const eventsOf = async (payload: unknown) =>
  (await office.receive(payload)).map((one: Captured) => one.event);
const media = { id: "1000000000000001", mime_type: "image/jpeg", sha256: "00" };

it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  ["text", { text: { body: "Hello" } }, { kind: "message", text: "Hello" }],
  ["image", { image: { ...media, caption: "The pier" } }, { kind: "message", text: "The pier" }],
  ["video", { video: media }, { kind: "message" }],
  ["audio", { audio: { ...media, voice: true } }, { kind: "message" }],
  ["document", { document: { ...media, filename: "a.pdf" } }, { kind: "message" }],
  ["sticker", { sticker: { ...media, animated: false } }, { kind: "message" }],
  [
    "location",
    { location: { latitude: 57.1, longitude: -2.1, name: "Pier" } },
    { kind: "message", text: "Location: Pier, 57.1, -2.1" },
  ],
  [
    "contacts",
    { contacts: [{ name: { formatted_name: "Ann Lee" }, phones: [{ phone: "+1 555" }] }] },
    { kind: "message", text: "Contact: Ann Lee, +1 555" },
  ],
  [
    "interactive",
    { interactive: { type: "button_reply", button_reply: { id: "1", title: "Yes" } } },
    { kind: "message", text: "Yes" },
  ],
  [
    "interactive",
    { interactive: { type: "list_reply", list_reply: { id: "1", title: "Noon", description: "the ferry" } } },
    { kind: "message", text: "Noon, the ferry" },
  ],
  [
    "interactive",
    { interactive: { type: "nfm_reply", nfm_reply: { body: "Sent", response_json: '{"a":1}' } } },
    { kind: "message", text: 'Sent\n{"a":1}' },
  ],
  ["button", { button: { text: "Stop", payload: "stop" } }, { kind: "message", text: "Stop" }],
  [
    "order",
    { order: { text: "Please", product_items: [{ product_retailer_id: "x", quantity: 2 }] } },
    { kind: "message", text: "Please\nOrder: 2 of x" },
  ],
  [
    "reaction",
    { reaction: { message_id: "wamid.a", emoji: "\u{1f44d}" } },
    { kind: "reaction", target: "wamid.a", text: "\u{1f44d}" },
  ],
  ["reaction", { reaction: { message_id: "wamid.a" } }, { kind: "reaction", target: "wamid.a", text: "" }],
  [
    "edit",
    { edit: { original_message_id: "wamid.a", message: { type: "text", text: { body: "Now" } } } },
    { kind: "edit", target: "wamid.a", text: "Now" },
  ],
  ["revoke", { revoke: { original_message_id: "wamid.a" } }, { kind: "delete", target: "wamid.a" }],
  [
    "system",
    { system: { type: "user_changed_number", body: "A changed", wa_id: "1555" } },
    { kind: "identity", text: "A changed (now number 1555)" },
  ],
  [
    "unsupported",
    { unsupported: { type: "edit" }, errors: [{ code: 131051, title: "Message type unknown" }] },
    { kind: "gap", gap: { why: expect.stringContaining("131051") as unknown, about: "wamid.in-1" } },
  ],
  [
    "unsupported",
    { errors: [{ code: 131060, title: "unavailable" }] },
    { kind: "gap", gap: { why: expect.stringContaining("131060") as unknown } },
  ],
  ["media_placeholder", {}, { kind: "gap" }],
  ["hologram", { hologram: {} }, { kind: "notice", text: expect.stringContaining("hologram") as unknown }],
])("records a message of type %s", async (type, what, expected) => {
  const [event, ...others] = await eventsOf(messages(message({ type, ...what })));
  expect(others).toEqual([]);
  expect(event).toMatchObject({
    network: "whatsapp",
    method: "business-api",
    account: NUMBER,
    custodian: CUSTODIAN,
    direction: "incoming",
    sender: { id: FERGUS, name: "Fergus Reid" },
    recipients: [{ id: DISPLAY }],
    conversation: { id: FERGUS, title: "Fergus Reid", kind: "direct" },
    networkId: "wamid.in-1",
    sentAt: new Date(AT * 1_000).toISOString(),
    ...expected,
  });
});

it("records what a message answers, and that it was forwarded", async () => {
  const [event] = await eventsOf(messages(text("A", { context: { id: "wamid.b", forwarded: true } })));
  expect(event).toMatchObject({ replyTo: "wamid.b", forwarded: true });
});

it("records each state of a message of ours once, and why it failed", async () => {
  const base = { id: "wamid.out", timestamp: String(AT), recipient_id: FERGUS };
  const failed = { ...base, status: "failed", errors: [{ code: 131047, title: "Re-engagement message" }] };
  const all = statuses(
    { ...base, status: "sent" },
    { ...base, status: "delivered" },
    { ...base, status: "read" },
    { ...base, status: "played" },
    failed,
  );
  await office.receive(all);
  const events = await eventsOf(all);
  expect(new Set(office.sink.captured.map(({ eventId }) => eventId)).size).toBe(5);
  expect(events.slice(0, 5).map((one) => one.text)).toEqual([
    "sent",
    "delivered",
    "read",
    "played",
    expect.stringContaining("approved template"),
  ]);
  expect(events[0]).toMatchObject({ kind: "receipt", target: "wamid.out", sender: { id: FERGUS } });
});

it("records what is written on the phone that has the number too", async () => {
  const echo = {
    from: DISPLAY,
    to: FERGUS,
    id: "wamid.echo",
    timestamp: String(AT),
    type: "text",
    text: { body: "From the phone" },
  };
  const [event] = await eventsOf(webhook("smb_message_echoes", { message_echoes: [echo] }));
  expect(event).toMatchObject({
    kind: "message",
    direction: "outgoing",
    sender: { id: DISPLAY, name: CUSTODIAN.name },
    recipients: [{ id: FERGUS }],
    conversation: { id: FERGUS },
  });
});

it("records a history, whichever part comes first, and that one was declined", async () => {
  const said = (id: string, from: string, body: string) => ({
    from,
    id,
    timestamp: String(AT),
    type: "text",
    text: { body },
    history_context: { status: "READ" },
  });
  const history = [
    {
      metadata: { phase: 1, chunk_order: 2, progress: 55 },
      threads: [
        { id: FERGUS, messages: [said("wamid.h1", FERGUS, "Old"), said("wamid.h2", DISPLAY, "Ours")] },
      ],
    },
  ];
  const events = await eventsOf(webhook("history", { history }));
  expect(events.map(({ kind, direction, text: words }) => [kind, direction, words])).toEqual([
    ["notice", undefined, "A part of the history: phase 1, part 2, 55 %"],
    ["message", "incoming", "Old"],
    ["message", "outgoing", "Ours"],
  ]);
  expect(events[2]).toMatchObject({ conversation: { id: FERGUS }, recipients: [{ id: FERGUS }] });
  await office.receive(webhook("history", { history: [{ errors: [{ code: 2593109, title: "declined" }] }] }));
  expect(office.sink.captured.at(-1)!.event).toMatchObject({
    kind: "gap",
    gap: { why: expect.stringContaining("declined") as unknown },
  });
});

it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
  [
    "smb_app_state_sync",
    {
      state_sync: [
        {
          type: "contact",
          action: "add",
          contact: { full_name: "Ann Lee", phone_number: "1555" },
          metadata: { timestamp: String(AT) },
        },
      ],
    },
    { kind: "identity", sender: { id: "1555", name: "Ann Lee" } },
  ],
  ["messages", { errors: [{ code: 130501, title: "Not supported" }] }, { kind: "gap" }],
  [
    "calls",
    {
      calls: [
        {
          id: "wacid.1",
          from: FERGUS,
          to: DISPLAY,
          event: "terminate",
          direction: "USER_INITIATED",
          duration: 30,
          timestamp: String(AT),
        },
      ],
    },
    { kind: "call", direction: "incoming", text: "Call: terminate, 30 s" },
  ],
  [
    "phone_number_quality_update",
    { event: "DOWNGRADE", current_limit: "TIER_50" },
    { kind: "notice", text: expect.stringContaining("DOWNGRADE") as unknown },
  ],
  [
    "account_alerts",
    {
      entity_type: "PHONE_NUMBER",
      entity_id: NUMBER,
      alert_info: { alert_severity: "CRITICAL", alert_type: "OBA_REJECTED", alert_description: "Try again" },
    },
    { kind: "notice", text: expect.stringMatching(/CRITICAL, OBA_REJECTED, Try again/) as unknown },
  ],
  [
    "message_template_status_update",
    { event: "PAUSED", message_template_name: "reply" },
    { kind: "notice", text: expect.stringContaining("PAUSED") as unknown },
  ],
  [
    "a_field_of_tomorrow",
    { novelty: 1 },
    { kind: "notice", text: expect.stringContaining("a_field_of_tomorrow") as unknown },
  ],
])("records what comes under %s", async (field, value, expected) => {
  expect((await eventsOf(webhook(field, value, AT)))[0]).toMatchObject(expected);
});

it("tells an operator when Meta ends an account's link", async () => {
  const ended = {
    object: "whatsapp_business_account",
    entry: [
      {
        id: ACCOUNT,
        time: AT,
        changes: [
          {
            field: "account_update",
            value: { event: "PARTNER_REMOVED", disconnection_info: { reason: "USER" } },
          },
        ],
      },
    ],
  };
  const [event] = await eventsOf(ended);
  expect(event).toMatchObject({
    kind: "notice",
    account: ACCOUNT,
    text: expect.stringContaining("PARTNER_REMOVED") as unknown,
  });
  expect(JSON.stringify(office.logged)).toContain("ended the link");
});
