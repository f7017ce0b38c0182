import { Vonage } from "./vonage.ts";

const DAY = { date_start: "2026-03-04T00:00:00Z", date_end: "2026-03-05T00:00:00.000Z" };
const INBOUND = { product: "MESSAGES", direction: "inbound" };

interface Answered {
  readonly request_status: string;
  readonly cursor?: string;
  readonly iv?: string;
  readonly ids_not_found?: string;
  readonly records: readonly { readonly message_id: string; readonly message_body?: string }[];
}

let vonage: Vonage;
beforeEach(async () => (vonage = await Vonage.start()));
afterEach(() => vonage.close());

async function ask(parameters: Record<string, string>, password = vonage.apiSecret) {
  const query = new URLSearchParams({ account_id: vonage.apiKey, ...parameters }).toString();
  const authorization = `Basic ${Buffer.from(`${vonage.apiKey}:${password}`).toString("base64")}`;
  const response = await fetch(`${vonage.url}/v2/reports/records?${query}`, { headers: { authorization } });
  return { status: response.status, answer: (await response.json()) as Answered };
}

const has = (at: string, more: Partial<Parameters<Vonage["has"]>[0]> = {}) =>
  vonage.has({ from: "447700900456", to: "447700900123", receivedAt: new Date(at), ...more });

describe("Vonage's reports, as documented", () => {
  it("have what was received from the start on, and before the end, with words where they are asked for", async () => {
    has("2026-03-03T23:59:59Z");
    const first = has("2026-03-04T00:00:00Z", { body: "First" });
    has("2026-03-05T00:00:00Z");
    has("2026-03-04T12:00:00Z", { product: "SMS" });
    has("2026-03-04T12:00:00Z", { direction: "outbound" });
    const { answer } = await ask({ ...INBOUND, ...DAY });
    expect(answer.request_status).toBe("SUCCESS");
    expect(answer.records.map(({ message_id: id, message_body: body }) => [id, body])).toEqual([
      [first.id, undefined],
    ]);
    const { answer: whole } = await ask({ ...INBOUND, ...DAY, include_message: "true" });
    expect(whole.records[0]?.message_body).toBe("First");
  });

  it("come a page at a time, by a cursor that is good with its vector and its query alone", async () => {
    vonage.limit = 2;
    const ids = Array.from({ length: 3 }, () => has("2026-03-04T12:00:00Z").id);
    const { answer } = await ask({ ...INBOUND, ...DAY });
    expect(answer).toMatchObject({ request_status: "TRUNCATED", records: [{}, {}] });
    const { cursor = "", iv = "" } = answer;
    const { answer: rest } = await ask({ ...INBOUND, ...DAY, cursor, iv });
    expect(rest).toMatchObject({ request_status: "SUCCESS", records: [{ message_id: ids[2] }] });
    expect((await ask({ ...INBOUND, ...DAY, cursor, iv: "another" })).status).toBe(422);
    expect((await ask({ ...INBOUND, ...DAY, direction: "outbound", cursor, iv })).status).toBe(422);
  });

  it("are had by ids, and say which are not found", async () => {
    const { id } = has("2026-03-04T12:00:00Z");
    const { answer } = await ask({ ...INBOUND, id: `${id},none` });
    expect(answer).toMatchObject({ ids_not_found: "none", records: [{ message_id: id }] });
  });

  it.each<[string, number, Record<string, string>]>([
    ["no direction", 422, { product: "SMS", ...DAY }],
    ["no end", 422, { ...INBOUND, date_start: DAY.date_start }],
    ["more than a day", 422, { ...INBOUND, ...DAY, date_end: "2026-03-05T00:00:01Z" }],
    ["an id and times", 422, { ...INBOUND, ...DAY, id: "one" }],
    ["another account", 403, { ...INBOUND, ...DAY, account_id: "dcba4321" }],
  ])("refuse %s with %d", async (_, status, parameters) => {
    expect((await ask(parameters)).status).toBe(status);
  });

  it("refuse another secret", async () => {
    expect((await ask({ ...INBOUND, ...DAY }, "another")).status).toBe(401);
  });
});

describe("texts that are sent by Vonage, as documented", () => {
  const TEXT = {
    ...{ channel: "sms", message_type: "text", from: "447700900123", to: "447700900456", text: "Hello" },
    ...{ webhook_url: "https://hooks.example.gov/v", webhook_version: "v1" },
  };
  const send = async (body: object) => {
    const authorization = `Basic ${Buffer.from(`${vonage.apiKey}:${vonage.apiSecret}`).toString("base64")}`;
    const of = { method: "POST", headers: { authorization }, body: JSON.stringify(body) };
    const response = await fetch(`${vonage.url}/v1/messages`, of);
    return { status: response.status, answer: (await response.json()) as { message_uuid?: string } };
  };

  it("are accepted, and reported from then on", async () => {
    const { status, answer } = await send(TEXT);
    expect(status).toBe(202);
    expect(vonage.messages.map(({ id }) => id)).toEqual([answer.message_uuid]);
    expect(vonage.sent).toMatchObject([{ body: "Hello", webhookUrl: TEXT.webhook_url }]);
  });

  it.each([
    ["a plus", { ...TEXT, to: "+447700900456" }],
    ["no words", { ...TEXT, text: "" }],
    ["more than a thousand", { ...TEXT, text: "x".repeat(1_001) }],
    ["another channel", { ...TEXT, channel: "whatsapp" }],
  ])("are refused for %s", async (_, body) => {
    expect((await send(body)).status).toBe(422);
    expect(vonage.sent).toEqual([]);
  });
});
