import { randomUUID } from "node:crypto";
import type { Outbound } from "@daybook/contract";
import { FERGUS, messages, NUMBER, statuses, text } from "./fixtures/payloads.ts";
import { CUSTODIAN, type Office, openOffice } from "./support/office.ts";

let office: Office;
let at: number;
const now = () => new Date(at);
const signal = new AbortController().signal;
beforeEach(async () => {
  at = Date.now();
  office = await openOffice({ now });
  office.api.now = () => at;
});
afterEach(() => office.close());

/** Fergus writes now. */
async function wrote(): Promise<void> {
  office.api.wrote(FERGUS);
  await office.receive(messages(text("Hello", { timestamp: String(Math.floor(at / 1_000)) })));
}

function outbound(more: Partial<Outbound> = {}): Outbound {
  return {
    v: 1,
    id: randomUUID(),
    network: "whatsapp",
    account: NUMBER,
    custodian: CUSTODIAN,
    conversation: FERGUS,
    text: "It sails at noon.",
    by: { id: "id-office", name: "Private office" },
    requestedAt: new Date(at).toISOString(),
    expiresAt: new Date(at + 900_000).toISOString(),
    ...more,
  };
}

const send = (message: Outbound) => office.connector.relay.send(message, signal);

it("answers within 24 hours, once, and records the request and the answer", async () => {
  await wrote();
  const message = outbound();
  const outcome = await send(message);
  expect(outcome).toEqual({ state: "sent", networkId: office.api.sent[0]!.id });
  expect(await send(message)).toEqual(outcome);
  office = await office.restart();
  expect(await send(message)).toEqual(outcome);
  expect(office.api.sent).toHaveLength(1);
  const recorded = office.sink.captured.filter(({ event }) => event.relay);
  expect(recorded).toHaveLength(1);
  expect(recorded[0]!.event).toMatchObject({
    kind: "message",
    direction: "outgoing",
    text: message.text,
    relay: { id: message.id, state: "sent" },
  });
  expect(JSON.parse(Buffer.from(recorded[0]!.event.raw, "base64").toString())).toMatchObject({
    request: { to: FERGUS, text: { body: message.text } },
    response: { messages: [{ id: office.api.sent[0]!.id }] },
  });
});

it("says that a template is needed after 24 hours, and sends it where there is one", async () => {
  await wrote();
  at += 86_400_000;
  expect(await send(outbound())).toMatchObject({
    state: "failed",
    code: "refused",
    why: expect.stringContaining("approved template") as unknown,
  });
  office = await office.restart({ template: { name: "reply", language: "en_GB" } });
  expect(await send(outbound())).toMatchObject({ state: "sent" });
  expect(await send(outbound({ text: "two\nlines" }))).toMatchObject({ code: "too-long" });
  expect(office.api.sent.map(({ body }) => body.type)).toEqual(["template"]);
});

it.each([
  [{ status: 429, code: 130429 }, "rate-limited"],
  [{ status: 400, code: 131056 }, "rate-limited"],
  [{ status: 401, code: 190 }, "unlinked"],
  [{ status: 400, code: 131026 }, "no-such-recipient"],
  [{ status: 400, code: 131047 }, "refused"],
  [{ status: 400, code: 999 }, "refused"],
])("tells what Meta refuses and does not try again: %j", async (fault, code) => {
  await wrote();
  const message = outbound();
  office.api.faults.push(fault);
  expect(await send(message)).toMatchObject({ state: "failed", code });
  expect(await send(message)).toMatchObject({ state: "failed", code });
  expect(office.api.sent).toEqual([]);
});

it("refuses what is too long, late, or for nobody", async () => {
  await wrote();
  expect(await send(outbound({ text: "a".repeat(4_097) }))).toMatchObject({ code: "too-long" });
  expect(await send(outbound({ conversation: "1555" }))).toMatchObject({ code: "no-such-conversation" });
  expect(await send(outbound({ expiresAt: new Date(at).toISOString() }))).toMatchObject({ code: "offline" });
});

it("may be called again where Meta says that it heals", async () => {
  await wrote();
  const message = outbound();
  office.api.faults.push({ status: 500, code: 131000 });
  await expect(send(message)).rejects.toMatchObject({ retryable: true });
  expect(await send(message)).toMatchObject({ state: "sent" });
});

it("never sends twice what was kept but unanswered: a status tells that it went out", async () => {
  await wrote();
  const message = outbound();
  office.api.faults.push("kept");
  await expect(send(message)).rejects.toMatchObject({ retryable: true });
  await expect(send(message)).rejects.toMatchObject({ retryable: true });
  const { id } = office.api.sent[0]!;
  await office.receive(
    statuses({
      id,
      status: "sent",
      timestamp: "1",
      recipient_id: FERGUS,
      biz_opaque_callback_data: message.id,
    }),
  );
  expect(await send(message)).toEqual({ state: "sent", networkId: id });
  expect(office.api.sent).toHaveLength(1);
});

it("says that nobody knows, where no status tells either", async () => {
  await wrote();
  const message = outbound();
  office.api.faults.push("lost");
  await expect(send(message)).rejects.toMatchObject({ retryable: true });
  at += 60_000;
  expect(await send(message)).toMatchObject({ state: "failed", code: "unknown" });
});
