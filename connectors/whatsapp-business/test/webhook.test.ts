import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { RecordingSink } from "@daybook/contract/testing";
import fc from "fast-check";
import { GraphApi } from "../../../test/fakes/graph-api.ts";
import { contacts, message, messages, NUMBER, text, webhook } from "./fixtures/payloads.ts";
import { APP, type Office, openOffice, VERIFY_TOKEN } from "./support/office.ts";

let office: Office;
beforeEach(async () => {
  office = await openOffice();
});
afterEach(() => office.close());

const rawOf = (n: number) => Buffer.from(office.sink.captured[n]!.event.raw, "base64").toString();

describe("verification", () => {
  const ask = (query: Record<string, string>) =>
    fetch(`${office.webhook}?${new URLSearchParams(query).toString()}`);

  it("answers the challenge alone", async () => {
    const asked = {
      "hub.mode": "subscribe",
      "hub.challenge": "1158201444",
      "hub.verify_token": VERIFY_TOKEN,
    };
    const response = await ask(asked);
    expect([response.status, await response.text()]).toEqual([200, "1158201444"]);
  });

  it.each([
    { "hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "another" },
    { "hub.mode": "subscribe", "hub.challenge": "1" },
    { "hub.mode": "unsubscribe", "hub.challenge": "1", "hub.verify_token": VERIFY_TOKEN },
    { "hub.mode": "subscribe", "hub.challenge": "<script>", "hub.verify_token": VERIFY_TOKEN },
  ])("refuses others", async (asked) => {
    const response = await ask(asked);
    expect([response.status, await response.text()]).toEqual([403, ""]);
  });
});

describe("signatures", () => {
  const body = GraphApi.encode(
    messages(
      text("The pier, \u00e9t\u00e9, \u0645\u0631\u062d\u0628\u0627 \ud83d\ude80 a/b", {
        order_number: 123456789012345678,
      }),
    ),
  );

  it("are over the bytes as they came, which the record keeps", async () => {
    const odd = Buffer.from(
      body.toString().replace('"order_number":123456789012345680', '"order_number":123456789012345678'),
    );
    expect(odd).not.toEqual(body);
    expect(await office.api.post(office.webhook, odd)).toBe(200);
    expect(rawOf(0)).toBe(odd.toString());
    expect(office.sink.captured[0]!.event.text).toBe(
      "The pier, \u00e9t\u00e9, \u0645\u0631\u062d\u0628\u0627 \ud83d\ude80 a/b",
    );
  });

  it.each<[string, (api: GraphApi) => string]>([
    ["another secret's", (api) => api.sign(body, "another")],
    ["of other bytes", (api) => api.sign(Buffer.from("{}"))],
    ["too short", () => "sha256=00"],
    ["too long", (api) => `${api.sign(body)}00`],
    ["no hex", () => `sha256=${"z".repeat(64)}`],
    ["of another kind", () => "sha1=00"],
    ["empty", () => ""],
  ])("%s is refused, and nothing is kept", async (_, signature) => {
    expect(await office.api.post(office.webhook, body, signature(office.api))).toBe(401);
    expect(office.sink.attempts).toBe(0);
  });

  it("of either secret is good while one is being replaced", async () => {
    const both = await openOffice({ appSecrets: () => ["the new one", APP.secret] });
    expect(await both.api.post(both.webhook, body, both.api.sign(body, "the new one"))).toBe(200);
    expect(await both.api.post(both.webhook, body, both.api.sign(body))).toBe(200);
    expect(await both.api.post(both.webhook, body, both.api.sign(body, "a third"))).toBe(401);
    await both.close();
  });
});

describe("acknowledgement", () => {
  it("is 503 while nothing can be kept, and 200 once it is", async () => {
    await office.close();
    office = await openOffice({ sink: new RecordingSink({ failures: 3 }) });
    expect(await office.api.deliver(office.webhook, messages(text("A")))).toBe(4);
    expect(office.sink.captured.map(({ eventId }) => eventId)).toEqual(["wamid.in-1"]);
  });

  it("leaves the same event for what was kept but unanswered", async () => {
    await office.close();
    office = await openOffice({ sink: new RecordingSink({ failures: 2, keep: true }) });
    await office.receive(messages(text("A")));
    expect(new Set(office.sink.captured.map((one) => `${one.eventId} ${one.stableDigest}`)).size).toBe(1);
  });

  it("gives the same events for replays, alone or in other batches", async () => {
    const [a, b] = [text("A"), text("B", { id: "wamid.in-2" })];
    await office.receive(messages(a, b));
    await office.receive(messages(b));
    await office.receive(messages(b, a));
    await office.receive(messages(a));
    expect(new Set(office.sink.captured.map((one) => `${one.eventId} ${one.stableDigest}`)).size).toBe(2);
  });

  it("takes other content under the same id for another event", async () => {
    await office.receive(messages(text("A")));
    await office.receive(messages(text("B")));
    expect(new Set(office.sink.captured.map((one) => one.stableDigest)).size).toBe(2);
  });
});

describe("batches", () => {
  it("of 1,000 are 1,000 events in order, each with its own bytes", async () => {
    const list = Array.from({ length: 1_000 }, (_, n) =>
      text(`Number ${n} \ud83d\ude80`, { id: `wamid.${n}` }),
    );
    await office.receive(messages(...list));
    expect(office.sink.captured.map(({ event }) => event.text)).toEqual(
      list.map((one) => (one as unknown as { text: { body: string } }).text.body),
    );
    const alone = JSON.parse(rawOf(517)) as ReturnType<typeof webhook>;
    expect(alone).toEqual(messages(list[517]!));
    expect(rawOf(517)).toContain("\\ud83d\\ude80");
  });

  it("with one that cannot be read keep all the others, and it too", async () => {
    const bad = { id: "wamid.bad", type: 5, timestamp: [] };
    await office.receive(messages(text("A"), bad, text("C", { id: "wamid.in-3" })));
    expect(office.sink.captured.map(({ event }) => event.kind)).toEqual(["message", "gap", "message"]);
    expect(office.sink.captured[1]!.event.gap).toMatchObject({ about: "wamid.bad" });
    expect(rawOf(1)).toContain('"type":5');
  });

  it("keep what stands beside the lists", async () => {
    await office.receive(
      webhook("messages", {
        contacts,
        messages: [text("A"), text("B", { id: "wamid.in-2" })],
        novelty: { a: 1 },
      }),
    );
    expect(office.sink.captured.map(({ event }) => event.kind)).toEqual(["message", "message", "notice"]);
    expect(rawOf(2)).toContain('"novelty":{"a":1}');
  });
});

describe("hostile bytes", () => {
  const post = (body: Buffer) => office.api.post(office.webhook, body);

  it.each<[string, Buffer]>([
    ["no JSON", Buffer.from("hello")],
    ["nothing", Buffer.from("")],
    ["truncated", GraphApi.encode(messages(text("A"))).subarray(0, 200)],
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ["another form", Buffer.from('{"entry":{"id":1}}')],
    ["an array", Buffer.from("[1,2]")],
    ["deep", Buffer.from("[".repeat(500_000) + "]".repeat(500_000))],
    [
      "deep inside",
      Buffer.from(
        JSON.stringify(messages(text("A"))).replace(
          '"A"',
          `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
        ),
      ),
    ],
    [
      "far too many",
      Buffer.from(
        `{"entry":[{"changes":[{"field":"messages","value":{"messages":[${"{},".repeat(30_000)}{}]}}]}]}`,
      ),
    ],
  ])("that are %s, but signed, are kept as they came", async (_, body) => {
    expect(await post(body)).toBe(200);
    const events = office.sink.captured;
    expect(events[0]!.event.kind).toBe("gap");
    expect(Buffer.concat(events.map(({ event }) => Buffer.from(event.raw, "base64")))).toEqual(body);
  });

  it("that are too many are refused before they are read", async () => {
    expect(await post(randomBytes(4 * 1024 * 1024 + 1))).toBe(413);
    expect(office.sink.attempts).toBe(0);
    expect(await post(Buffer.from(" ".repeat(4 * 1024 * 1024)))).toBe(200);
  });

  it("that are too many and do not say so are cut off", async () => {
    const status = await new Promise<number>((resolve) => {
      const sending = request(office.webhook, {
        method: "POST",
        headers: { "x-hub-signature-256": office.api.sign(Buffer.alloc(0)), "transfer-encoding": "chunked" },
      });
      sending.on("response", ({ statusCode = 0 }) => resolve(statusCode)).on("error", () => resolve(413));
      for (let n = 0; n < 5; n += 1) sending.write(Buffer.alloc(1024 * 1024));
      sending.end();
    });
    expect(status).toBe(413);
    expect(office.sink.attempts).toBe(0);
  });

  it("of any JSON in any place leave a record with its bytes", async () => {
    const anything = fc.jsonValue({ maxDepth: 3 });
    const value = fc.dictionary(
      fc.constantFrom(
        "messages",
        "statuses",
        "history",
        "groups",
        "calls",
        "errors",
        "state_sync",
        "contacts",
        "metadata",
        "user_id_update",
        "message_echoes",
        "event",
      ),
      fc.oneof(
        anything,
        fc.array(fc.oneof(anything, fc.constant(message({ type: "text", text: { body: "A" } }))), {
          maxLength: 3,
        }),
      ),
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anything, fc.record({ field: fc.oneof(fc.constant("messages"), anything), value })),
        async (change) => {
          const before = office.sink.captured.length;
          const body = GraphApi.encode({
            object: "whatsapp_business_account",
            entry: [{ id: NUMBER, changes: [change] }],
          });
          expect(await post(body)).toBe(200);
          const after = office.sink.captured.slice(before);
          expect(after.length).toBeGreaterThan(0);
          for (const { event } of after) expect(event.raw).not.toBe("");
        },
      ),
      { numRuns: 300 },
    );
  });
});

it("names nobody in its log", async () => {
  await office.receive(messages({ id: "wamid.bad", from: "447700900123", type: 5 }));
  await office.api.post(office.webhook, Buffer.from("{}"), "sha256=00");
  expect(JSON.stringify(office.logged)).not.toMatch(/447700900123|Fergus|wamid/);
});
