import { GraphApi } from "../../../test/fakes/graph-api.ts";
import { ACCOUNT, DISPLAY, FERGUS, messages, NUMBER, text, webhook } from "./fixtures/payloads.ts";
import { CONNECTED, CUSTODIAN, type Office, openOffice } from "./support/office.ts";

const HOUR_MS = 3_600_000;
const OTHER = "106540352242923";
const TEMPLATE = { name: "reply", language: "en_GB" };

let office: Office;
let at: number;
const now = () => new Date(at);
const seconds = () => Math.floor(at / 1_000);
const open = (more: Parameters<typeof openOffice>[0] = {}) =>
  openOffice({ now, beatMs: 2, askEveryMs: 5, template: TEMPLATE, ...more });
beforeEach(async () => {
  at = Date.now();
  office = await open();
});
afterEach(() => office.close());

const health = (n = 0) => office.connector.health()[n]!;
const hear = (id = "wamid.in-1") => office.receive(messages(text("A", { id, timestamp: String(seconds()) })));
const notice = (field: string, value: Record<string, unknown>) =>
  office.receive({
    object: "whatsapp_business_account",
    entry: [{ id: ACCOUNT, time: seconds(), changes: [{ field, value }] }],
  });

it("waits for the first webhook, and is live from then on", async () => {
  expect(health()).toMatchObject({
    account: NUMBER,
    custodian: CUSTODIAN,
    status: "waiting",
    problem: expect.stringContaining("nothing has come") as unknown,
    alerts: [],
  });
  expect(health()).not.toHaveProperty("link");
  await hear();
  expect(health()).toEqual({ account: NUMBER, custodian: CUSTODIAN, status: "live", alerts: [] });
});

it.each<[string, Record<string, unknown>, string, string]>([
  [
    "account_update",
    { event: "DISABLED_UPDATE", ban_info: { waba_ban_state: "DISABLE" } },
    "banned",
    "banned",
  ],
  [
    "account_update",
    {
      event: "DISABLED_UPDATE",
      ban_info: { waba_ban_state: "SCHEDULE_FOR_DISABLE", waba_ban_date: "May 1" },
    },
    "needs-attention",
    "ban-scheduled",
  ],
  ["account_update", { event: "ACCOUNT_DELETED" }, "removed", "removed"],
  ["account_update", { event: "PARTNER_REMOVED" }, "removed", "removed"],
  ["account_update", { event: "ACCOUNT_OFFBOARDED" }, "removed", "removed"],
  [
    "account_update",
    {
      event: "ACCOUNT_RESTRICTION",
      restriction_info: [{ restriction_type: "RESTRICTED_CUSTOMER_INITIATED_MESSAGING" }],
    },
    "restricted",
    "restricted",
  ],
  [
    "account_update",
    {
      event: "ACCOUNT_RESTRICTION",
      restriction_info: [{ restriction_type: "RESTRICTED_BIZ_INITIATED_MESSAGING" }],
    },
    "needs-attention",
    "sending-restricted",
  ],
  [
    "account_update",
    { event: "ACCOUNT_VIOLATION", violation_info: { violation_type: "SCAM" } },
    "needs-attention",
    "violation",
  ],
  [
    "account_alerts",
    {
      entity_type: "BUSINESS",
      alert_info: { alert_severity: "WARNING", alert_status: "ACTIVE", alert_type: "OBA_REJECTED" },
    },
    "needs-attention",
    "account-alert",
  ],
  ["account_review_update", { decision: "REJECTED" }, "needs-attention", "review-rejected"],
  [
    "phone_number_quality_update",
    { display_phone_number: DISPLAY, event: "FLAGGED" },
    "needs-attention",
    "quality-low",
  ],
  [
    "phone_number_quality_update",
    { display_phone_number: DISPLAY, event: "DOWNGRADE" },
    "needs-attention",
    "limit-lowered",
  ],
  [
    "phone_number_name_update",
    { display_phone_number: DISPLAY, decision: "REJECTED" },
    "needs-attention",
    "name-rejected",
  ],
  [
    "security",
    { display_phone_number: DISPLAY, event: "PIN_RESET_REQUEST", requester: "1" },
    "needs-attention",
    "pin-changed",
  ],
  [
    "message_template_status_update",
    { event: "PAUSED", message_template_name: "reply", message_template_language: "en-GB" },
    "needs-attention",
    "template-stopped",
  ],
  [
    "message_template_quality_update",
    { new_quality_score: "RED", message_template_name: "reply", message_template_language: "en_GB" },
    "needs-attention",
    "template-at-risk",
  ],
])("takes what %s says of %j, also over a restart", async (field, value, status, code) => {
  await hear();
  // Meta says GREEN whenever it is asked, which is another thing than what people do now.
  office.api.numbers.set(NUMBER, { ...CONNECTED, quality_rating: "UNKNOWN" });
  office = await office.restart({ askEveryMs: HOUR_MS });
  at += 60_000;
  await notice(field, value);
  expect(health()).toMatchObject({ status, alerts: [code], problem: expect.any(String) as unknown });
  office = await office.restart();
  expect(health()).toMatchObject({ status, alerts: [code] });
  const isDown = ["banned", "removed", "restricted"].includes(status);
  expect(health().downSince?.getTime()).toBe(isDown ? seconds() * 1_000 : undefined);
});

it.each<[string, Record<string, unknown>]>([
  ["account_update", { event: "VOLUME_BASED_PRICING_TIER_UPDATE" }],
  ["account_alerts", { alert_info: { alert_severity: "INFORMATIONAL", alert_status: "ACTIVE" } }],
  ["phone_number_quality_update", { display_phone_number: DISPLAY, event: "THROUGHPUT_UPGRADE" }],
  ["message_template_status_update", { event: "PAUSED", message_template_name: "another" }],
  ["a_field_of_tomorrow", { event: "DISABLED_UPDATE" }],
])("needs nobody for what %s says of %j", async (field, value) => {
  await hear();
  await notice(field, value);
  expect(health()).toMatchObject({ status: "live", alerts: [] });
});

const ban = (state: string) =>
  notice("account_update", { event: "DISABLED_UPDATE", ban_info: { waba_ban_state: state } });

it("is well again when Meta says so, or somebody can write again", async () => {
  await hear();
  at += 10_000;
  await ban("DISABLE");
  expect(health().status).toBe("banned");
  at += 10_000;
  await ban("REINSTATE");
  expect(health()).toMatchObject({ status: "live", alerts: [] });
  at += 10_000;
  await ban("DISABLE");
  await office.receive(messages(text("A", { id: "wamid.before", timestamp: String(seconds() - 5) })));
  expect(health().status).toBe("banned");
  at += 10_000;
  await hear("wamid.after");
  expect(health().status).toBe("live");
});

it("goes by when a thing happened, not by when Meta tells of it", async () => {
  await hear();
  at += 20_000;
  await ban("REINSTATE");
  at -= 10_000;
  await ban("DISABLE");
  expect(health().status).toBe("live");
});

it("is over when Meta said that it would be", async () => {
  await hear();
  const expiration = new Date(at + HOUR_MS).toISOString().replace(/\.\d+Z/, "+0000");
  const restriction_info = [{ restriction_type: "RESTRICTED_CUSTOMER_INITIATED_MESSAGING", expiration }];
  await notice("account_update", { event: "ACCOUNT_RESTRICTION", restriction_info });
  expect(health().status).toBe("restricted");
  at += HOUR_MS;
  expect(health()).toMatchObject({ status: "live", alerts: [] });
});

it("takes a notice for the number and the account that it is about", async () => {
  await office.close();
  const numbers = [NUMBER, OTHER].map((phoneNumberId) => ({ phoneNumberId, custodian: CUSTODIAN }));
  office = await open({ numbers });
  office.api.numbers.set(OTHER, { display_phone_number: "+44 20 7946 0000", status: "CONNECTED" });
  await hear();
  const elsewhere = { display_phone_number: "442079460000", phone_number_id: OTHER };
  const { entry } = webhook("messages", { messages: [text("B")], metadata: elsewhere });
  await office.receive({
    object: "whatsapp_business_account",
    entry: [{ ...entry[0]!, id: "another account" }],
  });
  await notice("security", { display_phone_number: DISPLAY, event: "PIN_CHANGED" });
  expect([health(0).alerts, health(1).alerts]).toEqual([["pin-changed"], []]);
  await ban("DISABLE");
  expect([health(0).status, health(1).status]).toEqual(["banned", "live"]);
});

it("tells of webhooks that no secret signed, while none comes that one did", async () => {
  await hear();
  const body = GraphApi.encode(messages(text("A")));
  const forged = () => office.api.post(office.webhook, body, office.api.sign(body, "the secret of tomorrow"));
  expect(await forged()).toBe(401);
  at += HOUR_MS;
  expect(health()).toMatchObject({ status: "needs-attention", alerts: ["signature-refused"] });
  await hear("wamid.in-2");
  expect(health().status).toBe("live");
});

it("names nobody in its alerts", async () => {
  await hear();
  await ban("DISABLE");
  const { alerts, problem } = health();
  expect(JSON.stringify([alerts, problem, office.logged])).not.toMatch(
    new RegExp(`${FERGUS}|${NUMBER}|${DISPLAY}`),
  );
});
