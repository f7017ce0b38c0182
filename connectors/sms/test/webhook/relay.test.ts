import { setTimeout as sleep } from "node:timers/promises";
import { type Captured, ConnectorError, type Outbound, type RelayOutcome } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { StateFile } from "@daybook/keeping";
import { Twilio } from "../../../../test/fakes/twilio.ts";
import { Vonage } from "../../../../test/fakes/vonage.ts";
import type { WebhookSource } from "../../src/index.ts";
import { CLERK, outbound } from "../support/outbound.ts";
import { jwt } from "./support/jwt.ts";
import {
  ACCOUNT,
  CUSTODIAN,
  FERGUS,
  type Office,
  OFFICIAL,
  type OfficeOptions,
  openOffice,
  PUBLIC,
  records,
  TOKEN,
} from "./support/office.ts";

const never = new AbortController().signal;
const TO_VONAGE = { [OFFICIAL]: "447700900123", [FERGUS]: "447700900456" };

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

/** An office whose number's messages come by Twilio, that Fergus has written to. */
async function office(more: OfficeOptions = {}): Promise<Office> {
  const twilio = await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN });
  const of = await openOffice({ relay: [OFFICIAL], twilio, sources: [twilioOf(twilio)], ...more });
  expect(await hear(of, "When?")).toBe(200);
  return of;
}

function twilioOf(twilio: Twilio, more: object = {}): WebhookSource {
  return {
    ...{ provider: "twilio", name: "twilio", url: `${PUBLIC}/twilio`, accountSid: ACCOUNT },
    ...{ authTokens: () => ["the next token, made up", TOKEN], apiUrl: twilio.url, reconciles: false },
    ...more,
  };
}

/** The same by Vonage. */
async function vonageOffice(): Promise<Office & { readonly vonage: Vonage }> {
  const vonage = await Vonage.start();
  opened.push(vonage);
  const api = { apiKey: vonage.apiKey, apiSecrets: () => [vonage.apiSecret], apiUrl: vonage.url };
  const source = { provider: "vonage", name: "vonage", url: `${PUBLIC}/vonage` } as const;
  const secrets = () => ["a secret of Vonage's, made up"];
  const of = await openOffice({ relay: [OFFICIAL], sources: [{ ...source, secrets, sends: api }] });
  const sides = { from: TO_VONAGE[FERGUS], to: TO_VONAGE[OFFICIAL], timestamp: "2026-03-04T15:00:00Z" };
  const told = { channel: "sms", message_uuid: "aaaa-1", message_type: "text", text: "When?" };
  expect(await post(of, { ...told, ...sides })).toBe(200);
  return { ...of, vonage };
}

function post(of: Office, told: object): Promise<number> {
  const body = JSON.stringify(told);
  return of.post("vonage", body, { "content-type": "application/json", authorization: jwt(body) });
}

const hear = (of: Office, body: string, from = FERGUS) =>
  of.receive(of.twilio.has({ from, to: OFFICIAL, body }));
const tell = (of: Office, ...status: Parameters<Twilio["statusOf"]>) =>
  of.twilio.post(of.at("twilio"), `${PUBLIC}/twilio`, of.twilio.statusOf(...status));
const send = ({ connector }: Office, asked: Outbound) => connector.relay!.send(asked, never);
const outgoing = ({ events }: Office) =>
  records(events()).filter(({ event }) => event.kind === "message" && event.direction === "outgoing");
const receipts = ({ events }: Office) =>
  records(events()).flatMap(({ event }) => (event.kind === "receipt" ? [[event.target, event.text]] : []));

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

/** Cannot record the first message that was sent. */
class FailingSink extends RecordingSink {
  #fails = true;

  override capture(events: readonly Captured[]): Promise<void> {
    if (!this.#fails || !events.some(({ event }) => event.relay)) return super.capture(events);
    this.#fails = false;
    return new RecordingSink({ failures: 1 }).capture(events);
  }
}

/** The next write of a kind is lost, or kept and its answer is lost. */
function failOnce(kind: string, fault: "lost" | "kept"): () => void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const { write } = StateFile.prototype;
  const restore = () => void (StateFile.prototype.write = write);
  StateFile.prototype.write = async function (changes) {
    const isMeant = changes.some((one) => one.kind === kind);
    if (isMeant) restore();
    if (!isMeant || fault === "kept") await write.call(this, changes);
    if (isMeant) throw new ConnectorError("store-unavailable", "injected");
  };
  return restore;
}

describe("an answer by Twilio", () => {
  it("is asked for once, tells where its status goes, and is one record of who asked for it", async () => {
    const of = await office();
    const asked = outbound();
    const outcome = await send(of, asked);

    const [sent, ...others] = of.twilio.sent;
    expect(others).toEqual([]);
    expect(sent).toMatchObject({
      ...{ from: OFFICIAL, to: FERGUS, body: asked.text, statusCallback: `${PUBLIC}/twilio#rc=5&rp=all` },
    });
    const networkId = `twilio:${sent!.sid}`;
    expect(outcome).toEqual({ state: "sent", networkId });
    const [one, ...more] = outgoing(of);
    expect(more).toEqual([]);
    expect(one?.event).toMatchObject({
      ...{ account: OFFICIAL, custodian: CUSTODIAN, conversation: { id: FERGUS }, text: asked.text },
      ...{ networkId, relay: { id: asked.id, state: "sent", by: CLERK } },
    });
    const raw = Buffer.from(one!.event.raw, "base64").toString();
    expect(raw).toMatch(/^POST http:.*\/Messages\.json HTTP\/1\.1\r\n[^]*Body=We\+sail[^]*HTTP\/1\.1 201/);
    expect(raw).not.toContain(Buffer.from(`${ACCOUNT}:${TOKEN}`).toString("base64").slice(0, 20));
    expect(raw.toLowerCase()).not.toContain("authorization");
    expect(await send(of, asked)).toEqual(outcome);
    const again = await of.restart();
    expect(await sendUntilDecided(again, asked)).toEqual(outcome);
    expect(of.twilio.sent).toHaveLength(1);
  });

  it("has receipts by signed status callbacks alone, about it, whenever they come", async () => {
    const of = await office();
    const early: Promise<number>[] = [];
    of.twilio.onSent = () => void early.push(tell(of, of.twilio.sent[0]!, "sent"));
    const outcome = await send(of, outbound());
    const [sent] = of.twilio.sent;
    expect(await Promise.all(early)).toEqual([200]);
    expect(await tell(of, sent!, "undelivered", "30003")).toBe(200);
    const forged = of.twilio.statusOf(sent!, "read");
    const signature = of.twilio.sign(`${PUBLIC}/twilio`, forged, "another token");
    expect(await of.twilio.post(of.at("twilio"), `${PUBLIC}/twilio`, forged, signature)).toBe(403);
    const target = (outcome as { networkId: string }).networkId;
    expect(receipts(of)).toEqual([
      [target, "sent"],
      [target, "undelivered (error 30003)"],
    ]);
  });

  it("goes to nobody who has not written, and from no other number", async () => {
    const of = await office();
    expect([OFFICIAL, "+447700900124"].map((one) => of.connector.relay!.has(one))).toEqual([true, false]);
    expect(await of.connector.relay!.conversation(OFFICIAL, "+447700900789")).toBeUndefined();
    expect(await send(of, outbound({ conversation: "+447700900789" }))).toMatchObject({
      code: "no-such-conversation",
    });
    expect(of.twilio.sent).toEqual([]);
    expect((await openOffice()).connector.relay).toBeUndefined();
  });

  it("does not go to who said STOP, until their START, also over a restart and a replay", async () => {
    const of = await office();
    await hear(of, "Stop.");
    expect(await send(of, outbound())).toMatchObject({
      code: "refused",
      why: expect.stringContaining("STOP") as string,
    });
    const start = of.twilio.has({ from: FERGUS, to: OFFICIAL, body: "START" });
    expect(await of.receive(start)).toBe(200);
    expect(await send(of, outbound())).toMatchObject({ state: "sent" });
    await hear(of, "STOP");
    const again = await of.restart();
    // The same webhook, told once more.
    expect(await again.receive(start)).toBe(200);
    expect(await sendUntilDecided(again, outbound())).toMatchObject({ code: "refused" });
    expect(of.twilio.sent).toHaveLength(1);
  });

  it.each(["lost", "kept"] as const)(
    "does not go to who said STOP where the disk's first answer to that was %s: Twilio is told to come again",
    async (fault) => {
      const of = await office();
      const stop = of.twilio.has({ from: FERGUS, to: OFFICIAL, body: "STOP" });
      const restore = failOnce("talk", fault);
      try {
        expect(await of.receive(stop)).toBe(503);
        expect(await of.receive(stop)).toBe(200);
      } finally {
        restore();
      }
      expect(await send(of, outbound())).toMatchObject({ code: "refused" });
      expect(records(of.events()).filter(({ event }) => event.text === "STOP")).toHaveLength(1);
    },
  );

  it("whose answer is lost is not sent again, and nobody says that it was", async () => {
    const of = await office();
    of.twilio.faults.push("unanswered");
    const asked = outbound();
    for (let n = 0; n < 2; n += 1)
      expect(await send(of, asked)).toMatchObject({ state: "failed", code: "unknown" });
    expect(of.twilio.sent).toHaveLength(1);
    expect(outgoing(of)).toEqual([]);
  });

  it("that may have left is found in Twilio's list, where it has it", async () => {
    const twilio = await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN });
    const sources = [twilioOf(twilio, { reconciles: true })];
    const of = await office({ twilio, sources, reconcileMs: 10, graceMs: 0 });
    const known = await send(of, outbound({ text: "The first" }));
    of.twilio.faults.push("unanswered");
    expect(await send(of, outbound({ text: "The second" }))).toMatchObject({ code: "unknown" });
    const found = await of.event(({ event }) => event.text === "The second");
    expect(found.event.direction).toBe("outgoing");
    expect(known.state).toBe("sent");
    expect(outgoing(of).map(({ event }) => event.text)).toEqual(["The first", "The second"]);
  });

  it.each([
    ["too many requests", { status: 429, retryAfterSeconds: 0.01 }],
    ["a full queue", { status: 400, code: 21611 }],
    ["that it is not there", { status: 503, code: 20503 }],
  ])("waits where Twilio says %s, and is sent once then", async (_, fault) => {
    const of = await office();
    of.twilio.faults.push(fault, fault);
    expect(await sendUntilDecided(of, outbound())).toMatchObject({ state: "sent" });
    expect(of.twilio.faults).toEqual([]);
    expect(of.twilio.sent).toHaveLength(1);
  });

  it.each([
    [{ status: 400, code: 21610 }, "refused"],
    [{ status: 400, code: 21606 }, "refused"],
    [{ status: 400, code: 21614 }, "no-such-recipient"],
    [{ status: 400, code: 99999 }, "refused"],
    [{ status: 404 }, "refused"],
    // Nobody says that it was not done.
    [{ status: 500, code: 20500 }, "unknown"],
    [{ status: 502 }, "unknown"],
  ])("ends where Twilio answers %j: %s", async (fault, code) => {
    const of = await office();
    of.twilio.faults.push(fault);
    const asked = outbound();
    const outcome = await send(of, asked);
    expect(outcome).toMatchObject({ state: "failed", code });
    expect(JSON.stringify(outcome)).not.toContain(asked.text);
    expect(await send(of, asked)).toEqual(outcome);
    expect(of.twilio.sent).toEqual([]);
  });

  it("ends where Twilio takes neither of the tokens", async () => {
    const of = await office();
    of.twilio.authToken = "another, made up";
    expect(await send(of, outbound())).toMatchObject({ state: "failed", code: "unlinked" });
  });

  it("is too long for Twilio in 1,601 characters", async () => {
    const of = await office();
    expect(await send(of, outbound({ text: "x".repeat(1_601) }))).toMatchObject({ code: "too-long" });
    expect(await send(of, outbound({ text: "x".repeat(1_600) }))).toMatchObject({ state: "sent" });
  });

  it("waits while nobody takes the connection, and ends when its time is over", async () => {
    const of = await office();
    const apiUrl = of.twilio.url;
    await of.twilio.close();
    const asked = outbound();
    await expect(send(of, asked)).rejects.toMatchObject({ code: "network-unavailable", retryable: true });
    expect(await send(of, { ...asked, expiresAt: "2020-01-01T00:00:00.000Z" })).toMatchObject({
      ...{ state: "failed", code: "offline", why: "Twilio could not be reached in time" },
    });
    expect(apiUrl).toMatch(/^http/);
  });

  it("that cannot be recorded at first is recorded, and sent once", async () => {
    const of = await office({ sink: new FailingSink() });
    expect(await sendUntilDecided(of, outbound())).toMatchObject({ state: "sent" });
    expect(of.twilio.sent).toHaveLength(1);
    expect(outgoing(of)).toHaveLength(1);
  });
});

describe("an answer by Vonage", () => {
  it("is asked for once, tells where its status goes, and its receipts are about it", async () => {
    const of = await vonageOffice();
    const outcome = await send(of, outbound());
    const [sent, ...others] = of.vonage.sent;
    expect(others).toEqual([]);
    expect(sent).toMatchObject({
      from: TO_VONAGE[OFFICIAL],
      to: TO_VONAGE[FERGUS],
      webhookUrl: `${PUBLIC}/vonage`,
    });
    const networkId = `vonage:${sent!.id}`;
    expect(outcome).toEqual({ state: "sent", networkId });
    const status = {
      channel: "sms",
      message_uuid: sent!.id,
      from: sent!.from,
      to: sent!.to,
      status: "delivered",
    };
    expect(await post(of, { ...status, timestamp: "2026-03-04T15:04:05Z" })).toBe(200);
    expect(receipts(of)).toEqual([[networkId, "delivered"]]);
    expect(outgoing(of)).toHaveLength(1);
  });

  it.each([
    [{ status: 402 }, "refused"],
    [{ status: 422, code: "Invalid sender" }, "refused"],
    ["unanswered", "unknown"],
  ] as const)("ends where Vonage answers %j: %s", async (fault, code) => {
    const of = await vonageOffice();
    of.vonage.faults.push(fault);
    const asked = outbound();
    expect(await send(of, asked)).toMatchObject({ state: "failed", code });
    expect(await send(of, asked)).toMatchObject({ state: "failed", code });
    expect(of.vonage.sent).toHaveLength(fault === "unanswered" ? 1 : 0);
  });

  it("waits where Vonage says that there are too many", async () => {
    const of = await vonageOffice();
    of.vonage.faults.push({ status: 429 }, { status: 503 });
    expect(await sendUntilDecided(of, outbound())).toMatchObject({ state: "sent" });
    expect(of.vonage.sent).toHaveLength(1);
  });
});

it("comes by the one source that covers its number: others say nothing of it, and are not sent by", async () => {
  const twilio = await Twilio.start({ accountSid: ACCOUNT, authToken: TOKEN });
  const second = "+447700900124";
  const numbers = [OFFICIAL, second].map((number) => ({ number, custodian: CUSTODIAN }));
  const tested: string[] = [];
  const canary = { send: (to: string) => Promise.resolve(void tested.push(to)), everyMs: 40, withinMs: 20 };
  const of = await openOffice({
    ...{ twilio, numbers, canary, relay: [OFFICIAL, second], beatMs: 5 },
    sources: [twilioOf(twilio, { numbers: [OFFICIAL] })],
  });
  while (tested.length < 2) await sleep(2);
  expect(new Set(tested)).toEqual(new Set([OFFICIAL]));
  expect(of.connector.health().map(({ account }) => account)).toEqual([OFFICIAL]);
  expect([OFFICIAL, second].map((one) => of.connector.relay!.has(one))).toEqual([true, false]);
  // What comes of another by it is that one's holder's all the same.
  expect(await of.receive(twilio.has({ from: FERGUS, to: second, body: "Hello" }))).toBe(200);
  expect(of.events().find(({ event }) => event.kind === "message")?.event).toMatchObject({
    ...{ account: second, custodian: CUSTODIAN },
  });
  await of.restart();
  const covered = () => of.sink.captured.filter(({ event }) => event.kind === "coverage");
  while (covered().length === 0) await sleep(2);
  expect(new Set(covered().map(({ event }) => event.account))).toEqual(new Set([OFFICIAL]));
});
