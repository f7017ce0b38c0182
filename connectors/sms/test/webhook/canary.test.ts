import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import { CUSTODIAN, FERGUS, OFFICIAL, openOffice } from "./support/office.ts";

const TIMING = { everyMs: 1_500, withinMs: 1_000 };
const BETTER = { from: FERGUS, to: OFFICIAL };
const TEST = `daybook-canary ${"0123456789abcdef".repeat(2)}`;

async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(5);
}

/** A second provider, whose texts Twilio has, and tells of unless it is deaf. */
async function twoProviders(more: Parameters<typeof openOffice>[0] = {}) {
  const provider = { isDeaf: false, isRefusing: false, sent: [] as string[], answers: [] as number[] };
  const canary = {
    ...TIMING,
    async send(to: string, body: string): Promise<void> {
      if (provider.isRefusing) throw new Error("refused");
      provider.sent.push(body);
      // By the clock of the list, which has whole seconds.
      const message = office.twilio.has({ from: FERGUS, to, body });
      if (!provider.isDeaf) provider.answers.push(await office.receive(message));
    },
  };
  const office = await openOffice({ canary, beatMs: 3_600_000, ...more });
  const said = () => office.sink.captured.filter(({ eventId }) => eventId.startsWith("canary:"));
  const alerts = () => office.connector.health()[0]?.alerts ?? [];
  return { ...office, provider, said, alerts };
}

describe("a test message to a number whose provider pushes", () => {
  it("that arrives by the webhook is coverage, and no message", async () => {
    const { said, events, provider, sink, twilio, receive, alerts } = await twoProviders();
    await until(() => said().some(({ event }) => event.coverage?.state === "live"));
    expect(await receive(twilio.has({ ...BETTER, body: "Hello" }))).toBe(200);
    expect(events().map(({ event: { kind, text } }) => [kind, text])).toEqual([["message", "Hello"]]);
    expect(said()[0]?.event).toMatchObject({ account: OFFICIAL, custodian: CUSTODIAN, method: "carrier" });
    expect(provider.answers[0]).toBe(200);
    expect(alerts()).toEqual([]);
    const kept = sink.captured.map(
      ({ event }) => `${event.text} ${Buffer.from(event.raw, "base64").toString()}`,
    );
    for (const sent of provider.sent) expect(kept.join(" ")).not.toContain(sent.split(" ")[1]);
  });

  it("that does not is a gap and an alarm, until one arrives", async () => {
    const { said, provider, alerts } = await twoProviders();
    provider.isDeaf = true;
    await until(
      () => alerts().includes("canary-missing") && said().some(({ event }) => event.kind === "gap"),
    );
    expect(said().find(({ event }) => event.kind === "gap")?.event).toMatchObject({
      ...{ account: OFFICIAL, custodian: CUSTODIAN, gap: { about: "test message" } },
    });
    provider.isDeaf = false;
    await until(() => alerts().length === 0);
  });

  it("does not arrive where only the provider's list has it, and is no record by that", async () => {
    const { said, events, event, provider, twilio, alerts } = await twoProviders({
      of: { reconciles: true },
      ...{ reconcileMs: 20, graceMs: 0 },
    });
    provider.isDeaf = true;
    await until(() => said().some(({ event: { kind } }) => kind === "gap"));
    expect(alerts()).toContain("canary-missing");
    const missed = twilio.has({ ...BETTER, body: "No test" });
    await event(({ eventId }) => eventId === `twilio:${missed.sid}:reconciled`);
    const asked = () => twilio.asked.filter((path) => /Messages\/SM/.test(path)).length;
    const before = asked();
    const lists = () => twilio.asked.filter((path) => path.includes("/Messages.json?")).length;
    const begun = lists();
    await until(() => lists() >= begun + 3);
    expect(events().filter(({ event: { text } }) => text?.includes("daybook-canary"))).toEqual([]);
    // It is looked at once.
    expect(asked() - before).toBeLessThanOrEqual(provider.sent.length);
  });

  it("hides no words of anybody's behind it", async () => {
    const { provider, twilio, receive, event } = await twoProviders();
    await until(() => provider.sent.length > 0);
    const sent = provider.sent[0]!;
    for (const body of [`${sent} Do not tell anybody.`, TEST]) {
      expect(await receive(twilio.has({ ...BETTER, body }))).toBe(200);
      await event(({ event: { text } }) => text === body);
    }
  });

  it("is told of again while nothing can be captured, and is known all the same", async () => {
    const sink = new RecordingSink({ failures: 3 });
    const { said, provider } = await twoProviders({ sink });
    await until(() => said().some(({ event }) => event.coverage?.state === "live"));
    expect(provider.answers[0]).toBe(200);
  });

  it("is known after a start, and however often it is told of", async () => {
    const office = await twoProviders();
    const { provider, twilio } = office;
    provider.isDeaf = true;
    await until(() => provider.sent.length > 0);
    const again = await office.restart({ canary: { ...TIMING, send: () => Promise.resolve() } });
    const message = twilio.messages.find(({ body }) => body === provider.sent[0])!;
    for (let n = 0; n < 3; n += 1) expect(await again.receive(message)).toBe(200);
    expect(again.events().filter(({ event: { kind } }) => kind === "message")).toEqual([]);
  });

  it("that the second provider does not take says nothing of the channel, but is to be seen to", async () => {
    const { provider, said, alerts } = await twoProviders();
    provider.isRefusing = true;
    await until(() => alerts().includes("canary-not-sent"));
    expect(said().filter(({ event }) => event.kind === "gap")).toEqual([]);
  });
});
