import { createHmac } from "node:crypto";
import { RecordingSink } from "@daybook/contract/testing";
import { Twilio } from "../../../../test/fakes/twilio.ts";
import { jwt } from "./support/jwt.ts";
import { CUSTODIAN, FERGUS, OFFICIAL, openOffice, PUBLIC, records, TOKEN } from "./support/office.ts";

const BETTER = { from: FERGUS, to: OFFICIAL };

const JSON_TYPE = { "content-type": "application/json" };

describe("SMS webhooks", () => {
  it("captures Twilio's message before it is answered, with its bytes and what proves them", async () => {
    const { twilio, receive, events } = await openOffice();
    const message = twilio.has({ ...BETTER, body: "Can the ferry sail on Friday? \u{1f6a2} " });
    expect(await receive(message)).toBe(200);

    const [captured] = events();
    expect(captured).toMatchObject({
      eventId: `twilio:${message.sid}`,
      event: {
        kind: "message",
        network: "sms",
        method: "carrier",
        provenance: "captured",
        account: OFFICIAL,
        custodian: CUSTODIAN,
        conversation: { id: FERGUS, kind: "direct" },
        sender: { id: FERGUS },
        recipients: [{ id: OFFICIAL, name: CUSTODIAN.name }],
        direction: "incoming",
        text: "Can the ferry sail on Friday? \u{1f6a2} ",
        networkId: `twilio:${message.sid}`,
      },
    });
    const raw = Buffer.from(captured!.event.raw, "base64").toString();
    const [head = "", body] = raw.split("\r\n\r\n");
    expect(head.split("\r\n")).toEqual([
      `POST ${PUBLIC}/twilio HTTP/1.1`,
      "content-type: application/x-www-form-urlencoded; charset=UTF-8",
      `x-twilio-signature: ${twilio.sign(`${PUBLIC}/twilio`, twilio.parametersOf(message))}`,
      "daybook-proof: X-Twilio-Signature, HMAC-SHA1",
    ]);
    expect(body).toContain("Body=Can%20the%20ferry%20sail%20on%20Friday%3F%20%F0%9F%9A%A2%20");
  });

  it("answers 503 while nothing can be kept, lost or kept unanswered, and has one record then", async () => {
    for (const keep of [false, true]) {
      const office = await openOffice({
        sink: new RecordingSink({ failures: 3, keep }),
        beatMs: 3_600_000,
        numbers: [],
      });
      const message = office.twilio.has({ ...BETTER, body: "Yes" });
      const answers = [];
      while (answers.at(-1) !== 200) answers.push(await office.receive(message));
      expect(answers).toEqual([503, 503, 503, 200]);
      expect(await office.receive(message)).toBe(200);
      expect(records(office.events())).toHaveLength(1);
      await office.close();
    }
  });

  it("has one record however often and in whatever order it is told, and two of two equal texts", async () => {
    const { twilio, receive, events, at } = await openOffice();
    const one = twilio.has({ ...BETTER, body: "Yes" });
    const two = twilio.has({ ...BETTER, body: "Yes" });
    const status = (value: string) =>
      twilio.post(at("twilio"), `${PUBLIC}/twilio`, [
        ["MessageSid", one.sid],
        ["MessageStatus", value],
        ["From", OFFICIAL],
        ["To", FERGUS],
      ]);
    // What is told of a message may come before it, and again when a fallback URL is asked, with more beside it.
    const again = [...twilio.parametersOf(one), ["ErrorCode", "11200"]] as [string, string][];
    for (const told of [
      status("delivered"),
      receive(two),
      receive(one),
      status("sent"),
      twilio.post(at("twilio"), `${PUBLIC}/twilio`, again),
      status("delivered"),
    ])
      expect(await told).toBe(200);
    expect(records(events()).map(({ event: { kind, text } }) => [kind, text])).toEqual([
      ["receipt", "delivered"],
      ["message", "Yes"],
      ["message", "Yes"],
      ["receipt", "sent"],
    ]);
  });

  it("takes a status for a receipt of what it is about", async () => {
    const { twilio, at, events } = await openOffice();
    const sid = Twilio.sid("SM");
    await twilio.post(at("twilio"), `${PUBLIC}/twilio`, [
      ["MessageSid", sid],
      ["MessageStatus", "undelivered"],
      ["ErrorCode", "30003"],
      ["From", OFFICIAL],
      ["To", FERGUS],
    ]);
    expect(events()).toMatchObject([
      {
        event: {
          kind: "receipt",
          account: OFFICIAL,
          direction: "outgoing",
          target: `twilio:${sid}`,
          text: "undelivered (error 30003)",
        },
      },
    ]);
  });

  it("reads Vonage's messages and statuses, of both of its APIs", async () => {
    const { post, events } = await openOffice();
    const uuid = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
    const of = { channel: "sms", message_uuid: uuid, timestamp: "2026-03-04T15:04:05Z" };
    const bodies = [
      { ...of, to: "447700900123", from: "447700900456", message_type: "text", text: "Hello" },
      { ...of, to: "447700900456", from: "447700900123", status: "rejected", error: { title: 1020 } },
    ].map((one) => JSON.stringify(one));
    for (const body of bodies)
      expect(await post("vonage", body, { ...JSON_TYPE, authorization: jwt(body) })).toBe(200);
    const legacy = async (more: Record<string, string>) => {
      const fields = { messageId: "0A0", msisdn: "447700900456", to: "447700900123", ...more };
      const text = Object.entries(fields)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `&${name}=${value}`)
        .join("");
      const sig = createHmac("sha256", "a secret of Vonage's, made up").update(text).digest("hex");
      expect(await post("vonage", JSON.stringify({ ...fields, sig }), JSON_TYPE)).toBe(200);
    };
    await legacy({ text: "Old", type: "text", "message-timestamp": "2026-03-04 15:04:05" });
    await legacy({ status: "delivered" });

    const sentAt = "2026-03-04T15:04:05.000Z";
    expect(events().map(({ event }) => event)).toMatchObject([
      { kind: "message", account: OFFICIAL, sender: { id: FERGUS }, text: "Hello", sentAt },
      { kind: "receipt", account: OFFICIAL, target: `vonage:${uuid}`, text: "rejected (error 1020)" },
      { kind: "message", account: OFFICIAL, sender: { id: FERGUS }, text: "Old", sentAt },
      { kind: "receipt", account: OFFICIAL, target: "vonage:0A0", text: "delivered" },
    ]);
  });

  it("reads a provider of no standard by where it says things, alone and in lists", async () => {
    const { post, events } = await openOffice();
    const send = (body: string) =>
      post("operator", body, {
        ...JSON_TYPE,
        "x-signature": `sha256=${createHmac("sha256", "an operator's secret, made up").update(body).digest("hex")}`,
      });
    const item = {
      id: 7,
      from: "07700 900456",
      to: "07700900123",
      text: "Hi",
      at: "2026-03-04T15:04:05+01:00",
    };
    expect(await send(JSON.stringify(item))).toBe(200);
    expect(await send(JSON.stringify({ ...item, text: undefined, status: "DELIVERED" }))).toBe(200);
    expect(await send("[]")).toBe(200);
    // Two that are one number to whoever counts in floating point.
    for (const id of ["9223372036854775806", "9223372036854775807"])
      expect(await send(JSON.stringify({ ...item, id: 0 }).replace("0", id))).toBe(200);
    expect(events().map(({ event }) => event)).toMatchObject([
      { kind: "message", account: OFFICIAL, text: "Hi", sentAt: "2026-03-04T14:04:05.000Z" },
      { kind: "receipt", target: "operator:7", text: "DELIVERED" },
      { kind: "gap", account: "unknown" },
      { kind: "message", networkId: "operator:9223372036854775806" },
      { kind: "message", networkId: "operator:9223372036854775807" },
    ]);
  });

  it("remembers nothing that makes a second record of it after a start, and answers 503 while it does not run", async () => {
    const office = await openOffice();
    const message = office.twilio.has({ ...BETTER, body: "Yes" });
    await office.receive(message);
    const again = await office.restart();
    await again.receive(message);
    expect(records(again.events())).toHaveLength(1);
    const { webhook } = again.connector;
    await again.close();
    const { createServer } = await import("node:http");
    const server = createServer(webhook).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as { port: number };
    const to = `http://127.0.0.1:${port}/webhooks/sms/twilio`;
    const twilio = await Twilio.start({ accountSid: "AC", authToken: TOKEN });
    expect(await twilio.post(to, `${PUBLIC}/twilio`, twilio.parametersOf(message))).toBe(503);
    await twilio.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
