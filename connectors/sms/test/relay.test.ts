import { setTimeout as sleep } from "node:timers/promises";
import type { Captured, Outbound, RelayOutcome } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { Smsc } from "../../../test/fakes/smsc.ts";
import { type MessageBody, STATUS, splitPdus } from "../src/smpp/index.ts";
import { FERGUS, international, message, OFFICIAL, part, tlv, words } from "./fixtures/pdus.ts";
import {
  ACCOUNT,
  CUSTODIAN,
  type Office,
  type OfficeOptions,
  openOffice,
  records,
} from "./support/office.ts";
import { CLERK, outbound } from "./support/outbound.ts";

const OTHER = "447700900789";
const never = new AbortController().signal;

/** An office that Fergus has written to, whose number may send. */
async function office(more: OfficeOptions = {}): Promise<Office> {
  const opened = await openOffice({ relay: [ACCOUNT], ...more });
  await opened.smsc.store(message(words("When?")));
  return opened;
}

const send = ({ connector }: Office, asked: Outbound) => connector.relay!.send(asked, never);
const outgoing = ({ events }: Office) =>
  records(events()).filter(({ event }) => event.kind === "message" && event.direction === "outgoing");
const receiptsOf = ({ events }: Office) =>
  records(events()).flatMap(({ event }) =>
    event.kind === "receipt" ? [[event.target, event.text] as const] : [],
  );
const receipt = (id: string, stat = "DELIVRD", more: Partial<MessageBody> = {}) =>
  message({ esmClass: 4, shortMessage: Buffer.from(`id:${id} stat:${stat} err:000 text:`), ...more });

/** Cannot record the first message that was sent. */
class FailingSink extends RecordingSink {
  #fails = true;

  override capture(events: readonly Captured[]): Promise<void> {
    if (!this.#fails || !events.some(({ event }) => event.relay)) return super.capture(events);
    this.#fails = false;
    return new RecordingSink({ failures: 1 }).capture(events);
  }
}

/** As capture does: until something is decided. */
async function sendUntilDecided(of: Office, asked: Outbound): Promise<RelayOutcome> {
  for (;;) {
    try {
      return await send(of, asked);
    } catch (cause) {
      expect(cause).toMatchObject({ name: "ConnectorError", retryable: true });
      await sleep(5);
    }
  }
}

describe("an answer over SMPP", () => {
  it("is submitted with a receipt asked for, replaces nothing, and is one record of who asked for it", async () => {
    const of = await office();
    const asked = outbound();
    const outcome = await send(of, asked);

    expect(of.smsc.submitted).toEqual([
      expect.objectContaining({
        source: international(OFFICIAL),
        destination: international(FERGUS),
        ...{ registeredDelivery: 1, replaceIfPresent: 0, esmClass: 0, dataCoding: 0 },
        shortMessage: Buffer.from("We sail at nine."),
      }),
    ]);
    const networkId = `smpp:sent:${asked.id}`;
    expect(outcome).toEqual({ state: "sent", networkId });
    const [one, ...others] = outgoing(of);
    expect(others).toEqual([]);
    expect(one?.event).toMatchObject({
      ...{ account: ACCOUNT, custodian: CUSTODIAN, conversation: { id: `+${FERGUS}` }, text: asked.text },
      ...{ networkId, relay: { id: asked.id, state: "sent", by: CLERK } },
    });
    // The request and its answer, as they went.
    expect(splitPdus(Buffer.from(one!.event.raw, "base64")).map((pdu) => pdu.readUInt32BE(4))).toEqual([
      0x0000_0004, 0x8000_0004,
    ]);
    expect(await send(of, asked)).toEqual(outcome);
    expect(await of.connector.relay!.conversation(ACCOUNT, `+${FERGUS}`)).toMatchObject({ kind: "direct" });
    const again = await of.restart();
    expect(await sendUntilDecided(again, asked)).toEqual(outcome);
    expect(of.smsc.submitted).toHaveLength(1);
  });

  it("is no business of a number that was not named, nor of a conversation that there is not", async () => {
    const none = await openOffice();
    expect(none.connector.relay).toBeUndefined();
    const of = await office();
    expect([of.connector.relay!.has(ACCOUNT), of.connector.relay!.has(`+${OTHER}`)]).toEqual([true, false]);
    expect(await of.connector.relay!.conversation(ACCOUNT, `+${OTHER}`)).toBeUndefined();
    expect(await send(of, outbound({ conversation: `+${OTHER}` }))).toMatchObject({
      code: "no-such-conversation",
    });
    expect(of.smsc.submitted).toEqual([]);
  });

  it("goes to whom only a long message came from, once that is on record", async () => {
    const of = await office();
    const { sink, connector } = of;
    const capture = sink.capture.bind(sink);
    const talks: unknown[] = [];
    sink.capture = async (events) => {
      await capture(events);
      for (const { event } of events)
        if (event.kind === "message" && event.direction === "incoming")
          talks.push(await connector.relay!.conversation(ACCOUNT, `+${OTHER}`));
    };
    for (const number of [1, 2])
      await of.smsc.store(
        message({
          ...part(Buffer.from("When? "), { reference: 4, total: 2, number }),
          source: international(OTHER),
        }),
      );
    expect(talks).toMatchObject([{ id: `+${OTHER}`, kind: "direct" }]);
    expect(await send(of, outbound({ conversation: `+${OTHER}` }))).toMatchObject({ state: "sent" });
  });

  it("is not sent to a name", async () => {
    const of = await office();
    await of.smsc.store(message({ ...words("Pay"), source: { ton: 5, npi: 0, address: "HARBOUR" } }));
    expect(await send(of, outbound({ conversation: "HARBOUR" }))).toMatchObject({
      code: "no-such-recipient",
    });
    expect(of.smsc.submitted).toEqual([]);
  });

  it("does not go to whom only a former holder of the number wrote", async () => {
    let at = Date.parse("2026-03-04T09:00:00Z");
    const until = new Date("2026-03-05T00:00:00Z");
    const next = { id: "custodian-2", name: "Next One" };
    const of = await office({
      now: () => new Date(at),
      numbers: [
        { number: ACCOUNT, custodian: CUSTODIAN, until },
        { number: ACCOUNT, custodian: next, from: until },
      ],
    });
    at = until.getTime() + 1_000;
    expect(await send(of, outbound({ custodian: next }))).toMatchObject({ code: "no-such-conversation" });
    await of.smsc.store(message(words("Who is there?")));
    expect(await send(of, outbound({ custodian: next }))).toMatchObject({ state: "sent" });
    expect(outgoing(of)).toMatchObject([{ event: { custodian: next } }]);
  });

  it("waits while the aggregator takes no more, and goes once", async () => {
    const of = await office();
    of.smsc.onSubmit = (_body, n) => (n < 3 ? STATUS.throttled : "4711");
    const asked = outbound();
    await expect(send(of, asked)).rejects.toMatchObject({ code: "network-unavailable", retryable: true });
    expect(await sendUntilDecided(of, asked)).toMatchObject({ state: "sent" });
    expect(of.smsc.submitted).toHaveLength(3);
    expect(outgoing(of)).toHaveLength(1);
  });

  it("that was throttled until it expired says so", async () => {
    let at = Date.parse("2026-03-04T09:00:00Z");
    const of = await office({ now: () => new Date(at) });
    of.smsc.onSubmit = () => STATUS.throttled;
    const asked = outbound({ expiresAt: "2026-03-04T09:15:00.000Z" });
    await expect(send(of, asked)).rejects.toMatchObject({ retryable: true });
    at += 3_600_000;
    expect(await send(of, asked)).toMatchObject({ state: "failed", code: "rate-limited" });
    expect(await send(of, outbound({ expiresAt: asked.expiresAt }))).toMatchObject({ code: "offline" });
    expect(of.smsc.submitted).toHaveLength(1);
  });

  it.each([
    [STATUS.invalidDestination, "no-such-recipient"],
    [STATUS.invalidSource, "refused"],
    [STATUS.invalidBindStatus, "unlinked"],
    [STATUS.invalidMessageLength, "too-long"],
    [0x45, "refused"],
  ])("says why it was refused for ever, by status %i", async (status, code) => {
    const of = await office();
    of.smsc.onSubmit = () => status;
    const asked = outbound();
    const outcome = await send(of, asked);
    expect(outcome).toMatchObject({ state: "failed", code });
    expect(await send(of, asked)).toEqual(outcome);
    expect(of.smsc.submitted).toHaveLength(1);
    expect(outgoing(of)).toEqual([]);
  });

  it("whose answer never came is not sent again, and nobody is told that it was", async () => {
    const of = await office({ answerMs: 1_000 });
    of.smsc.onSubmit = () => {
      of.smsc.drop();
      return undefined;
    };
    const asked = outbound();
    const outcome = await send(of, asked);
    expect(outcome).toMatchObject({ state: "failed", code: "unknown" });
    await of.smsc.boundTimes(2);
    expect(await send(of, asked)).toEqual(outcome);
    expect(of.smsc.submitted).toHaveLength(1);
    expect(outgoing(of)).toEqual([]);
  });

  it("waits for a session where none is open", async () => {
    const of = await office();
    of.smsc.bindStatus = STATUS.invalidPassword;
    of.smsc.drop();
    const asked = outbound();
    while (of.connector.health()[0]?.status !== "refused") await sleep(2);
    await expect(send(of, asked)).rejects.toMatchObject({ retryable: true });
    of.smsc.bindStatus = STATUS.ok;
    expect(await sendUntilDecided(of, asked)).toMatchObject({ state: "sent" });
    expect(of.smsc.submitted).toHaveLength(1);
  });

  it("that could not be recorded is recorded at the next call, and not submitted again", async () => {
    const of = await office({ sink: new FailingSink() });
    const asked = outbound();
    await expect(send(of, asked)).rejects.toMatchObject({ retryable: true });
    expect(outgoing(of)).toEqual([]);
    expect(await send(of, asked)).toMatchObject({ state: "sent" });
    expect(outgoing(of)).toHaveLength(1);
    expect(of.smsc.submitted).toHaveLength(1);
  });
});

describe("an answer over SMPP that is long", () => {
  const LONG = "The ferry sails at nine, unless it does not. ".repeat(7);

  it.each([8, 16] as const)("goes in parts that are joined by %i bits, and is one record", async (bits) => {
    const of = await office({ smpp: { referenceBits: bits } });
    of.smsc.onSubmit = (_body, n) => `${n}abc`;
    const asked = outbound({ text: LONG });
    expect(await send(of, asked)).toMatchObject({ state: "sent" });

    const parts = of.smsc.submitted;
    expect(parts.map(({ esmClass, registeredDelivery }) => [esmClass, registeredDelivery])).toEqual(
      Array(3).fill([0x40, 1]),
    );
    const size = bits === 8 ? 6 : 7;
    expect(parts.map(({ shortMessage }) => shortMessage.subarray(size).toString("latin1")).join("")).toBe(
      LONG,
    );
    expect(parts.map(({ shortMessage }) => [...shortMessage.subarray(size - 2, size)])).toEqual([
      [3, 1],
      [3, 2],
      [3, 3],
    ]);
    const references = parts.map(({ shortMessage }) => shortMessage.subarray(0, size - 2).toString("hex"));
    expect(new Set(references).size).toBe(1);
    const [one] = outgoing(of);
    expect(one?.event.text).toBe(LONG);
    expect(splitPdus(Buffer.from(one!.event.raw, "base64"))).toHaveLength(6);

    // As Daybook itself would read it.
    for (const { esmClass, shortMessage } of parts) await of.smsc.store(message({ esmClass, shortMessage }));
    expect(records(of.events()).at(-1)?.event).toMatchObject({ direction: "incoming", text: LONG });
  });

  it("is delivered when each of its parts is", async () => {
    const of = await office();
    of.smsc.onSubmit = (_body, n) => `${n}abc`;
    const asked = outbound({ text: LONG });
    await send(of, asked);
    await of.smsc.store(receipt("1abc"));
    await of.smsc.store(receipt("3abc"));
    const again = await of.restart();
    await again.smsc.store(receipt("2abc"));
    const target = `smpp:sent:${asked.id}`;
    expect(receiptsOf(again)).toEqual([
      [target, "part 1 of 3: delivered"],
      [target, "part 3 of 3: delivered"],
      [target, "delivered: all 3 parts"],
    ]);
  });

  it("goes on with the part that was throttled, also after a restart", async () => {
    const of = await office();
    of.smsc.onSubmit = (_body, n) => (n === 2 ? STATUS.throttled : `${n}abc`);
    const asked = outbound({ text: LONG });
    await expect(send(of, asked)).rejects.toMatchObject({ retryable: true });
    const again = await of.restart({ smpp: { referenceBits: 16, alphabet: "latin1" } });
    expect(await sendUntilDecided(again, asked)).toMatchObject({ state: "sent" });
    const numbers = of.smsc.submitted.map(({ shortMessage }) => shortMessage[5]);
    expect(numbers).toEqual([1, 2, 2, 3]);
    const references = of.smsc.submitted.map(({ shortMessage }) => shortMessage[3]);
    expect(new Set(references).size).toBe(1);
  });

  it("says how much of it was sent where the rest is refused", async () => {
    const of = await office();
    of.smsc.onSubmit = (_body, n) => (n === 3 ? STATUS.invalidDestination : `${n}abc`);
    expect(await send(of, outbound({ text: LONG }))).toMatchObject({
      code: "no-such-recipient",
      why: expect.stringContaining("its first 2 parts were sent") as string,
    });
    expect(of.smsc.submitted).toHaveLength(3);
  });

  it("is refused beyond ten parts", async () => {
    const of = await office();
    expect(await send(of, outbound({ text: "x".repeat(1_531) }))).toMatchObject({ code: "too-long" });
    expect(of.smsc.submitted).toEqual([]);
    expect(await send(of, outbound({ text: "x".repeat(1_530) }))).toMatchObject({ state: "sent" });
    expect(of.smsc.submitted).toHaveLength(10);
  });
});

describe("what became of an answer over SMPP", () => {
  it("is of its message where the receipt comes before the answer to submit_sm", async () => {
    const of = await office();
    const answer = Promise.withResolvers<string>();
    of.smsc.onSubmit = () => answer.promise;
    const asked = outbound();
    const sending = send(of, asked);
    while (of.smsc.submitted.length === 0) await sleep(2);
    const delivered = of.smsc.store(receipt("1238886762"));
    // What comes after it does not wait for it.
    await of.smsc.store(message(words("Anybody there?")));
    expect(receiptsOf(of)).toEqual([]);
    answer.resolve("49d7e96a");
    await sending;
    await delivered;
    expect(receiptsOf(of)).toEqual([[`smpp:sent:${asked.id}`, "delivered"]]);
  });

  it("is not answered where the session ends before its message is known, and comes again", async () => {
    const of = await office();
    of.smsc.onSubmit = () => undefined;
    const sending = send(of, outbound());
    while (of.smsc.submitted.length === 0) await sleep(2);
    const delivered = of.smsc.deliver(receipt("4711"));
    await of.smsc.store(message(words("Anybody there?")));
    of.smsc.drop();
    expect([await delivered, await sending]).toMatchObject([undefined, { code: "unknown" }]);
    await of.smsc.store(receipt("4711"));
    expect(receiptsOf(of)).toEqual([["4711", "delivered"]]);
  });

  it("is by receipted_message_id first", async () => {
    const of = await office();
    of.smsc.onSubmit = (_body, n) => `${n}abc`;
    const [first, second] = [outbound(), outbound()];
    await send(of, first);
    await send(of, second);
    await of.smsc.store(
      receipt("1abc", "UNDELIV", { tlvs: [tlv("receipted_message_id", Buffer.from("2ABC\0"))] }),
    );
    expect(receiptsOf(of)).toEqual([[`smpp:sent:${second.id}`, "undeliverable"]]);
  });
});

describe("who asked not to be written to", () => {
  it.each(["STOP", " stop. ", "Unsubscribe", "Stop all", "STOPALL"])(
    "by %j is not, until START",
    async (text) => {
      const of = await office();
      await of.smsc.store(message(words(text)));
      const outcome = await send(of, outbound());
      expect(outcome).toMatchObject({
        code: "refused",
        why: expect.stringContaining("STOP") as string,
      });
      const again = await of.restart();
      expect(await sendUntilDecided(again, outbound())).toMatchObject({ code: "refused" });
      expect(of.smsc.submitted).toEqual([]);
      // It is a message like others.
      expect(records(again.events()).map(({ event }) => event.text)).toContain(text);
      await again.smsc.store(message(words("Start")));
      expect(await send(again, outbound())).toMatchObject({ state: "sent" });
    },
  );

  it.each(["Please stop the ferry", "Don't stop", "stop it", "?"])("is not who says %j", async (text) => {
    const of = await office();
    await of.smsc.store(message(words(text)));
    expect(await send(of, outbound())).toMatchObject({ state: "sent" });
  });

  it("is known from before the number might send, and stays so beside others", async () => {
    const of = await office({ relay: [] });
    await of.smsc.store(message(words("STOP")));
    await of.smsc.store(message({ ...words("Hello"), source: international(OTHER) }));
    const again = await of.restart({ relay: [ACCOUNT] });
    expect(await sendUntilDecided(again, outbound())).toMatchObject({ code: "refused" });
    expect(await sendUntilDecided(again, outbound({ conversation: `+${OTHER}` }))).toMatchObject({
      state: "sent",
    });
  });

  it("is not lifted by a START from before that is delivered again", async () => {
    let at = Date.parse("2026-03-04T09:00:00Z");
    const of = await office({ now: () => new Date((at += 1)), settleMs: 60_000 });
    // Its answer may not have arrived.
    void of.smsc.deliver(message(words("START")));
    await of.smsc.store(message(words("STOP")));
    of.smsc.drop();
    await of.smsc.boundTimes(2);
    await of.smsc.store(message(words("START")));
    expect(records(of.events()).filter(({ event }) => event.text === "START")).toHaveLength(1);
    expect(await send(of, outbound())).toMatchObject({ code: "refused" });
  });

  it("has not the rest of what was under way either", async () => {
    const of = await office();
    of.smsc.onSubmit = (_body, n) => (n === 2 ? STATUS.throttled : `${n}abc`);
    const asked = outbound({ text: "x".repeat(200) });
    await expect(send(of, asked)).rejects.toMatchObject({ retryable: true });
    await of.smsc.store(message(words("STOP")));
    expect(await send(of, asked)).toMatchObject({
      code: "refused",
      why: expect.stringContaining("its first part was sent") as string,
    });
    expect(of.smsc.submitted).toHaveLength(2);
  });
});

it("ends in good order: what was submitted is answered, and recorded", async () => {
  const of = await office();
  const answer = Promise.withResolvers<string>();
  of.smsc.onSubmit = () => answer.promise;
  const sending = send(of, outbound());
  while (of.smsc.submitted.length === 0) await sleep(2);
  const restarting = of.restart();
  answer.resolve("4711");
  expect(await sending).toMatchObject({ state: "sent" });
  const again = await restarting;
  expect(outgoing(again)).toHaveLength(1);
});

it("goes over the other host while one is down", async () => {
  const [down, up] = [await Smsc.start(), await Smsc.start()];
  const hosts = [down, up].map(({ port }) => ({ host: "127.0.0.1", port }));
  await down.close();
  const of = await office({ smsc: up, smpp: { hosts } });
  expect(await send(of, outbound())).toMatchObject({ state: "sent" });
  expect(up.submitted).toHaveLength(1);
});
