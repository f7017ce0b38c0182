import type { Event } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { CUSTODIAN, FERGUS, OFFICIAL, openOffice, records } from "./support/office.ts";

const MINUTE_MS = 60_000;
const BETTER = { from: FERGUS, to: OFFICIAL };
const of = { reconciles: true };

/** A clock that a test moves, ahead of the grace that a webhook has. */
function clock() {
  const state = { now: Math.floor(Date.now() / 1_000) * 1_000 };
  return { state, now: () => new Date(state.now), on: (ms: number) => (state.now += ms) };
}

/** An office that has agreed with an empty list once. */
async function settled(more: Parameters<typeof openOffice>[0] = {}) {
  const time = clock();
  const office = await openOffice({ of, now: time.now, reconcileMs: 20, beatMs: 3_600_000, ...more });
  await rounds(office, 1);
  time.on(10 * MINUTE_MS);
  return { ...office, time, at: time.now };
}

/** Resolves once the list has been asked for so often from now on: all but the last comparison have ended by then. */
async function rounds({ twilio }: { twilio: { asked: string[] } }, count: number): Promise<void> {
  const asked = () => twilio.asked.filter((path) => path.includes("/Messages.json?")).length;
  const before = asked();
  while (asked() < before + count) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("reconciliation with Twilio's list", () => {
  it("captures what no webhook told of, in and out, by its own answer, with a note", async () => {
    const { twilio, event, events, time } = await settled();
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    const came = twilio.has({ ...BETTER, body: "Did you get this?", sentAt });
    const sent = twilio.has({
      ...{ from: OFFICIAL, to: FERGUS, body: "From the console", direction: "outbound-api" },
      ...{ status: "delivered", sentAt },
    });
    await event(({ eventId }) => eventId === `twilio:${came.sid}:reconciled`);
    await event(({ eventId }) => eventId === `twilio:${sent.sid}:reconciled`);
    await rounds({ twilio }, 3);
    const all = events();
    expect(all).toHaveLength(5);
    expect(all.find(({ eventId }) => eventId === `twilio:${came.sid}`)?.event).toMatchObject({
      ...{
        kind: "message",
        method: "carrier",
        account: OFFICIAL,
        custodian: CUSTODIAN,
        direction: "incoming",
      },
      ...{ sender: { id: FERGUS }, text: "Did you get this?", sentAt: sentAt.toISOString() },
    });
    expect(all.find(({ eventId }) => eventId === `twilio:${sent.sid}`)?.event).toMatchObject({
      ...{ kind: "message", account: OFFICIAL, direction: "outgoing", text: "From the console" },
    });
    expect(all.find(({ eventId }) => eventId === `twilio:${sent.sid}:status:delivered`)?.event).toMatchObject(
      {
        ...{ kind: "receipt", target: `twilio:${sent.sid}` },
      },
    );
    expect(all.find(({ eventId }) => eventId === `twilio:${came.sid}:reconciled`)?.event).toMatchObject({
      ...{ kind: "notice", target: `twilio:${came.sid}` },
      text: expect.stringContaining("By reconciliation") as string,
    });
    const raw = Buffer.from(all.find(({ eventId }) => eventId === `twilio:${came.sid}`)!.event.raw, "base64");
    expect(raw.toString()).toContain(came.sid);
    expect(raw.toString()).not.toContain(sent.sid);
  });

  it("has one record of a message that the list and a late webhook tell of, whichever is first", async () => {
    const { twilio, event, events, receive, time } = await settled();
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    const first = twilio.has({ ...BETTER, body: "Listed first", sentAt });
    await event(({ eventId }) => eventId === `twilio:${first.sid}:reconciled`);
    expect(await receive(first)).toBe(200);
    const fresh = twilio.has({ ...BETTER, body: "Told first", sentAt: time.now() });
    expect(await receive(fresh)).toBe(200);
    time.on(10 * MINUTE_MS);
    await rounds({ twilio }, 3);
    const texts = records(events()).map(({ event: { kind, text } }) => [kind, text?.slice(0, 17)]);
    expect(texts.sort()).toEqual([
      ["message", "Listed first"],
      ["message", "Told first"],
      ["notice", "By reconciliation"],
    ]);
  });

  it("passes over numbers that are not ours, and what is older than its first start", async () => {
    const { twilio, events, time } = await settled();
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    twilio.has({ from: FERGUS, to: "+447700900999", body: "Another service's", sentAt });
    twilio.has({ ...BETTER, body: "Long ago", sentAt: new Date(time.state.now - 30 * MINUTE_MS) });
    await rounds({ twilio }, 3);
    expect(events()).toEqual([]);
    expect(twilio.asked.filter((path) => /Messages\/SM/.test(path))).toEqual([]);
  });

  it("has a gap, once, of what the list has and does not give, with what the list says", async () => {
    const { twilio, event, events, time } = await settled();
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    const lost = twilio.has({ ...BETTER, body: "Redacted since", sentAt });
    const other = twilio.has({ ...BETTER, body: "There", sentAt });
    twilio.gone.add(lost.sid);
    const { event: gap } = await event(({ event: { kind } }) => kind === "gap");
    await rounds({ twilio }, 3);
    expect(gap).toMatchObject({
      ...{ account: OFFICIAL, custodian: CUSTODIAN },
      gap: { about: `twilio:${lost.sid}`, why: expect.stringContaining("1 was not captured") as string },
    });
    expect(Buffer.from(gap.raw, "base64").toString()).toContain(lost.sid);
    expect(events().filter(({ event: { kind } }) => kind === "gap")).toHaveLength(1);
    expect(events().some(({ eventId }) => eventId === `twilio:${other.sid}`)).toBe(true);
  });

  it("has a gap that a record can hold, of however much the list does not give", async () => {
    const { twilio, event, time } = await settled();
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    for (let n = 0; n < 60; n += 1)
      twilio.gone.add(twilio.has({ ...BETTER, body: "x".repeat(30_000), sentAt }).sid);
    const { event: gap } = await event(({ event: { kind } }) => kind === "gap");
    expect(gap.raw.length).toBeLessThan(1_500_000);
    expect(Buffer.from(gap.raw, "base64").toString()).toMatch(/"rowsLeftOut":[1-9]/);
  });

  it("says nothing of whom scope leaves out, though the list does not give it", async () => {
    class Scoped extends RecordingSink {
      excludes = ({ conversation }: Pick<Event, "conversation">) =>
        Promise.resolve(conversation?.id === FERGUS);
    }
    const { twilio, events, time } = await settled({ sink: new Scoped() });
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    twilio.gone.add(twilio.has({ ...BETTER, body: "Redacted since", sentAt }).sid);
    await rounds({ twilio }, 4);
    expect(events().filter(({ event: { kind } }) => kind === "gap")).toEqual([]);
  });

  it("goes through all pages, and on after what the API refuses", async () => {
    const { twilio, event, time } = await settled();
    twilio.pageSize = 3;
    twilio.faults.push({ status: 429, retryAfterSeconds: 1 }, { status: 500 }, "lost", { status: 503 });
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    const all = Array.from({ length: 10 }, (_, n) => twilio.has({ ...BETTER, body: `Page ${n}`, sentAt }));
    for (const { sid } of all) await event(({ eventId }) => eventId === `twilio:${sid}:reconciled`);
    expect(twilio.faults).toEqual([]);
  });

  it("says so to an operator while its credentials are refused", async () => {
    const { twilio, connector } = await settled();
    const token = twilio.authToken;
    twilio.authToken = "another, made up";
    const alerts = () => connector.health()[0]?.alerts;
    while (alerts()?.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(alerts()).toEqual(["reconciliation-refused"]);
    twilio.authToken = token;
    while (alerts()?.length !== 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it("compares from where it last agreed, also after a start", async () => {
    const office = await settled();
    const away = await office.restart({ reconcileMs: 3_600_000 });
    await rounds(office, 1);
    const sentAt = new Date(office.time.state.now);
    const missed = office.twilio.has({ ...BETTER, body: "Sent meanwhile", sentAt });
    office.time.on(3 * 3_600_000);
    const again = await away.restart({ reconcileMs: 20 });
    await again.event(({ eventId }) => eventId === `twilio:${missed.sid}:reconciled`);
    expect(records(again.events()).some(({ eventId }) => eventId === `twilio:${missed.sid}`)).toBe(true);
  });

  it.each([false, true])("repeats what the sink did not take (kept: %s), as one record", async (keep) => {
    const sink = new RecordingSink({ failures: 2, keep });
    const { twilio, event, events, time } = await settled({
      sink,
      numbers: [{ number: OFFICIAL, custodian: CUSTODIAN }],
    });
    const sentAt = new Date(time.state.now - 5 * MINUTE_MS);
    const one = twilio.has({ ...BETTER, body: "Once", sentAt });
    while (sink.attempts < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await event(({ eventId }) => eventId === `twilio:${one.sid}:reconciled`);
    expect(records(events()).filter(({ event: { kind } }) => kind === "message")).toHaveLength(1);
  });
});
