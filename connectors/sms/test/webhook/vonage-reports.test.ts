import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RecordingSink } from "@daybook/contract/testing";
import { Vonage } from "../../../../test/fakes/vonage.ts";
import { VonageList } from "../../src/webhook/reconcile/vonage-list.ts";
import { jwt, VONAGE_SECRET } from "./support/jwt.ts";
import { CUSTODIAN, FERGUS, OFFICIAL, openOffice, PUBLIC, records } from "./support/office.ts";

const MINUTE_MS = 60_000;
const digits = (number: string) => number.slice(1);
const BETTER = { from: digits(FERGUS), to: digits(OFFICIAL) };

const vonages = new Set<Vonage>();
afterEach(async () => {
  for (const one of vonages) await one.close();
  vonages.clear();
});

/** An office that has agreed with empty reports once, ten minutes ago by its clock, which a test moves. */
async function settled(more: Parameters<typeof openOffice>[0] = {}, products = ["MESSAGES", "SMS"] as const) {
  const vonage = await Vonage.start();
  vonages.add(vonage);
  const time = { now: Math.floor(Date.now() / 1_000) * 1_000 };
  const office = await openOffice({
    sources: [
      {
        ...{ provider: "vonage", name: "vonage", url: `${PUBLIC}/vonage`, legacyHash: "sha256" },
        secrets: () => [VONAGE_SECRET],
        reports: {
          ...{ apiKey: vonage.apiKey, apiUrl: vonage.url, products, everyMs: 3_600_000 },
          apiSecrets: () => ["the next one, made up", "a secret of the API, made up"],
        },
      },
    ],
    ...{ now: () => new Date(time.now), reconcileMs: 20, beatMs: 3_600_000 },
    ...more,
  });
  while (vonage.asked.length === 0) await pause();
  time.now += 10 * MINUTE_MS;
  const before = new Date(time.now - 5 * MINUTE_MS);
  return { ...office, vonage, time, before };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Resolves once so many comparisons have begun from now on: all but the last have ended by then. */
async function rounds({ asked }: Vonage, count: number): Promise<void> {
  const begun = () =>
    asked.filter((one) => one.get("direction") === "inbound" && one.has("date_start") && !one.has("cursor"))
      .length;
  const before = begun();
  // One is for each of two products, and each is refused once for the secret that is not there yet.
  while (begun() < before + 4 * count) await pause();
}

describe("reconciliation with Vonage's reports", () => {
  it("captures what no webhook told of, in and out, by its own answer, with a note", async () => {
    const { vonage, before, event, events } = await settled();
    const came = vonage.has({ ...BETTER, body: "Did you get this?", receivedAt: before });
    const sent = vonage.has({
      ...{ product: "SMS", direction: "outbound", from: BETTER.to, to: BETTER.from },
      ...{ id: "0A0000000123ABCD1", body: "From the dashboard", receivedAt: before },
    });
    await event(({ eventId }) => eventId === `vonage:${came.id}:reconciled`);
    await event(({ eventId }) => eventId === `vonage:${sent.id}:reconciled`);
    await rounds(vonage, 2);
    const all = events();
    expect(all).toHaveLength(5);
    const found = (id: string) => all.find(({ eventId }) => eventId === id)?.event;
    expect(found(`vonage:${came.id}`)).toMatchObject({
      ...{ kind: "message", method: "carrier", account: OFFICIAL, custodian: CUSTODIAN },
      ...{ direction: "incoming", sender: { id: FERGUS }, text: "Did you get this?" },
      sentAt: before.toISOString(),
    });
    expect(found(`vonage:${sent.id}`)).toMatchObject({
      ...{ kind: "message", account: OFFICIAL, direction: "outgoing", text: "From the dashboard" },
    });
    expect(found(`vonage:${sent.id}:status:delivered`)).toMatchObject({
      ...{ kind: "receipt", target: `vonage:${sent.id}`, text: "delivered" },
    });
    expect(found(`vonage:${came.id}:reconciled`)).toMatchObject({
      ...{ kind: "notice", target: `vonage:${came.id}` },
      text: expect.stringContaining("By reconciliation") as string,
    });
    const raw = Buffer.from(found(`vonage:${came.id}`)!.raw, "base64").toString();
    expect(raw).toContain("Did you get this?");
    expect(raw).not.toContain(sent.id);
    expect(raw).not.toContain("made up");
  });

  it("lists without words, and asks for those of messages that are missing alone", async () => {
    const { vonage, before, event, post } = await settled();
    const told = vonage.has({ ...BETTER, body: "Told", receivedAt: before });
    const body = JSON.stringify({
      ...{ channel: "sms", message_uuid: told.id, timestamp: before.toISOString() },
      ...{ ...BETTER, message_type: "text", text: "Told" },
    });
    const headers = { "content-type": "application/json", authorization: jwt(body) };
    expect(await post("vonage", body, headers)).toBe(200);
    const missed = vonage.has({ ...BETTER, body: "Missed", receivedAt: before });
    await event(({ eventId }) => eventId === `vonage:${missed.id}:reconciled`);
    await rounds(vonage, 2);
    const asked = vonage.asked.filter((one) => one.get("include_message") === "true");
    expect(new Set(asked.map((one) => one.get("id")))).toEqual(new Set([missed.id]));
  });

  it("has one record of a message that reports and a late webhook tell of", async () => {
    const { vonage, before, event, events, post } = await settled();
    const one = vonage.has({ ...BETTER, body: "Listed first", receivedAt: before });
    await event(({ eventId }) => eventId === `vonage:${one.id}:reconciled`);
    const body = JSON.stringify({
      ...{ channel: "sms", message_uuid: one.id, timestamp: before.toISOString() },
      ...{ ...BETTER, message_type: "text", text: "Listed first" },
    });
    const headers = { "content-type": "application/json", authorization: jwt(body) };
    expect(await post("vonage", body, headers)).toBe(200);
    expect(records(events()).map(({ event: { kind } }) => kind)).toEqual(["message", "notice"]);
  });

  it("has a gap, once, of what is listed and not given: its words redacted, or it cannot be found", async () => {
    const { vonage, before, event, events } = await settled();
    const redacted = vonage.has({ ...BETTER, body: undefined, receivedAt: before });
    const emptied = vonage.has({ ...BETTER, body: "", receivedAt: before });
    const lost = vonage.has({ ...BETTER, body: "Gone", receivedAt: before });
    const other = vonage.has({ ...BETTER, body: "There", receivedAt: before });
    vonage.gone.add(lost.id);
    const isTold = (id: string) =>
      events().some(({ event: { kind, gap } }) => kind === "gap" && gap?.about?.includes(id) === true);
    while (![redacted, emptied, lost].every(({ id }) => isTold(id))) await pause();
    await event(({ eventId }) => eventId === `vonage:${other.id}`);
    await rounds(vonage, 2);
    const gaps = events().filter(({ event: { kind } }) => kind === "gap");
    for (const { id } of [redacted, emptied, lost])
      expect(gaps.filter(({ event: { gap } }) => gap?.about?.includes(id))).toHaveLength(1);
    expect(gaps.every(({ event: { account } }) => account === OFFICIAL)).toBe(true);
    const said = gaps.map(({ event: { raw } }) => Buffer.from(raw, "base64").toString()).join("");
    for (const text of [redacted.id, emptied.id, lost.id, "date_received"]) expect(said).toContain(text);
  });

  it("passes over numbers that are not ours, other channels, and what is older than its first start", async () => {
    const { vonage, before, time, events } = await settled();
    vonage.has({ ...BETTER, to: "447700900999", receivedAt: before });
    vonage.has({ ...BETTER, provider: "whatsapp", receivedAt: before });
    vonage.has({ ...BETTER, receivedAt: new Date(time.now - 30 * MINUTE_MS) });
    await rounds(vonage, 2);
    expect(events()).toEqual([]);
    expect(vonage.asked.filter((one) => one.has("id"))).toEqual([]);
  });

  it("says of a picture that it is not had", async () => {
    const { vonage, before, event } = await settled();
    const one = vonage.has({ ...BETTER, provider: "mms", body: "Look", receivedAt: before });
    await event(({ eventId }) => eventId === `vonage:${one.id}`);
    await event(({ event: { kind, target } }) => kind === "gap" && target === `vonage:${one.id}`);
  });

  it("goes through all pages, and on after what the API refuses", async () => {
    const { vonage, before, event } = await settled();
    vonage.limit = 3;
    vonage.faults.push({ status: 429, retryAfterSeconds: 1 }, { status: 500 }, "lost", "FAILED");
    const all = Array.from({ length: 10 }, (_, n) =>
      vonage.has({ ...BETTER, body: `Page ${n}`, receivedAt: before }),
    );
    for (const { id } of all) await event(({ eventId }) => eventId === `vonage:${id}:reconciled`);
    expect(vonage.faults).toEqual([]);
  });

  it("goes back over an outage of days, a day at a time, also after a start", async () => {
    const office = await settled();
    const away = await office.restart({ reconcileMs: 3_600_000 });
    const missed = [1, 30, 60].map((hours) =>
      office.vonage.has({ ...BETTER, receivedAt: new Date(office.time.now + hours * 60 * MINUTE_MS) }),
    );
    office.time.now += 70 * 60 * MINUTE_MS;
    const again = await away.restart({ reconcileMs: 20 });
    for (const { id } of missed) await again.event(({ eventId }) => eventId === `vonage:${id}:reconciled`);
  });

  it.each([401, 403])("says so to an operator while it answers %d", async (status) => {
    const { vonage, connector } = await settled();
    const secret = vonage.apiSecret;
    const alerts = () => connector.health()[0]?.alerts;
    if (status === 401) vonage.apiSecret = "another, made up";
    while (alerts()?.length === 0) {
      if (status === 403) vonage.faults.push({ status });
      await pause();
    }
    expect(alerts()).toEqual(["reconciliation-refused"]);
    vonage.apiSecret = secret;
    vonage.faults.length = 0;
    while (alerts()?.length !== 0) await pause();
  });

  it.each<[string, object]>([
    ["no state", { records: [] }],
    ["more without a cursor", { request_status: "TRUNCATED", records: [] }],
    ["records that are written otherwise", { request_status: "SUCCESS", records: [{ id: 1 }] }],
  ])("is not had where it answers %s", async (_, answer) => {
    const server = createServer((_request, response) => response.end(JSON.stringify(answer)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const list = new VonageList({
      ...{ apiKey: "abcd1234", apiSecrets: () => ["one, made up"], apiUrl },
      ...{ products: ["MESSAGES"], everyMs: 1 },
    });
    const never = new AbortController().signal;
    const had = async () => {
      for await (const all of list.between(new Date(0), new Date(1_000), never)) expect(all).toEqual([]);
    };
    await expect(had()).rejects.toMatchObject({ name: "ApiRefusal", status: 0 });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("says so to an operator when it has not been had for an hour", async () => {
    const { vonage, connector, time } = await settled();
    const alerts = () => connector.health()[0]?.alerts;
    for (let n = 0; !alerts()?.includes("reconciliation-behind"); n += 1) {
      vonage.faults.push("lost");
      if (n === 10) time.now += 61 * MINUTE_MS;
      await pause();
    }
    vonage.faults.length = 0;
    while (alerts()?.length !== 0) await pause();
  });

  it.each([false, true])("repeats what the sink did not take (kept: %s), as one record", async (keep) => {
    const sink = new RecordingSink({ failures: 2, keep });
    const { vonage, before, event, events } = await settled({ sink });
    const one = vonage.has({ ...BETTER, body: "Once", receivedAt: before });
    while (sink.attempts < 3) await pause();
    await event(({ eventId }) => eventId === `vonage:${one.id}:reconciled`);
    expect(records(events()).filter(({ event: { kind } }) => kind === "message")).toHaveLength(1);
  });
});
