import { RecordingSink } from "@daybook/contract/testing";
import { StateFile } from "@daybook/keeping";
import type { Traced } from "../../../test/fakes/message-trace.ts";
import type { TraceKind } from "../src/trace/compare-day.ts";
import { MessageTrace } from "../src/trace/message-trace.ts";
import { ANN } from "./intake.ts";
import { ANNS, HOUR_MS, SETTLED, TEN, tracing, until } from "./tracing.ts";

const TOLD = { accounts: [ANNS], digest: undefined, sentAt: undefined };

const at = tracing();

/** The comparison by itself, the day before the one that is compared, or as after a restart. */
async function open(sink = new RecordingSink()) {
  const { stateFile: path, key, now, log } = at.around;
  const of = { path, key, label: "daybook email state v1", whose: "mail's connector", now };
  const state = StateFile.open<TraceKind>(of);
  const mailboxes = [{ addresses: [ANNS] as const, custodian: ANN }];
  const trace = new MessageTrace({ ...at.settings, mailboxes, state, now, log });
  const stop = new AbortController();
  const running = trace.run(sink, stop.signal);
  const asked = at.api.asked.length;
  await until(() => at.api.asked.length > asked);
  return {
    sink,
    trace,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      state.close();
    },
  };
}

const has = (name: string, status: string, more: Partial<Traced> = {}) =>
  at.api.has({
    messageId: `<${name}@example.org>`,
    recipientAddress: ANNS,
    receivedDateTime: TEN,
    status,
    ...more,
  });
const daysAsked = () => at.askedOf("2024-05-13") / 2;
const captured = (sink: RecordingSink, kind: string) =>
  sink.captured.filter(({ event }) => event.kind === kind);
const countsIn = (text = "") => /\d+ failed, \d+ quarantined/.exec(text)?.[0];

describe("mail that a tenant stopped on its way", () => {
  it("is counted by itself, said with the tenant's rows of it, and said anew where there is more", async () => {
    await using first = await open();
    const { sink, trace } = first;
    has("bounced", "failed");
    has("held", "quarantined");
    has("held", "failed");
    has("told", "failed");
    const late = has("late", "pending");
    await trace.note({ ...TOLD, names: ["told@example.org"] }, TEN);
    at.clock = SETTLED;
    await until(() => captured(sink, "notice").length === 1);
    late.status = "quarantined";
    at.clock += 6 * HOUR_MS;
    await until(() => trace.healthOf(ANNS).stopped.quarantined === 2);

    const notices = captured(sink, "notice").map(({ event }) => event);
    expect(notices.map(({ text }) => countsIn(text))).toEqual([
      "1 failed, 1 quarantined",
      "1 failed, 2 quarantined",
    ]);
    expect(notices[0]).toMatchObject({ account: ANNS, custodian: ANN });
    expect(notices[0]?.text).toContain("Of 1 others that it stopped, the journal told");
    const { rows } = JSON.parse(Buffer.from(notices[0]!.raw, "base64").toString()) as { rows: Traced[] };
    const ids = ["<bounced@example.org>", "<held@example.org>", "<held@example.org>"];
    expect(rows.map(({ messageId }) => messageId).sort()).toEqual(ids);
    expect(trace.healthOf(ANNS)).toEqual({ alerts: [], stopped: { failed: 1, quarantined: 2 } });
    expect(at.logged.join()).toContain('{"failed":1,"quarantined":2}');
    expect(at.logged.join()).not.toMatch(/example/);
  });

  it("to one recipient and went its way to another is compared as all mail is", async () => {
    await using first = await open();
    const { sink, trace } = first;
    const sent = { senderAddress: ANNS };
    has("both", "failed", { ...sent, recipientAddress: "out@example.org" });
    has("both", "delivered", { ...sent, recipientAddress: "other@example.org" });
    at.clock = SETTLED;
    await until(() => trace.healthOf(ANNS).alerts.length > 0);

    expect(captured(sink, "gap").map(({ event }) => event.gap?.about)).toEqual(["both@example.org"]);
    expect(captured(sink, "notice")).toEqual([]);
  });

  it.each([false, true])(
    "is said once where the sink fails, and after a restart (kept: %s)",
    async (keep) => {
      const sink = new RecordingSink({ failures: 2, keep });
      const first = await open(sink);
      has("held", "quarantined");
      has("late", "pending");
      at.clock = SETTLED;
      await until(() => first.trace.healthOf(ANNS).stopped.quarantined === 1);
      await first[Symbol.asyncDispose]();
      const said = captured(sink, "notice").length;
      const before = daysAsked();
      at.clock += 6 * HOUR_MS;
      await using again = await open(sink);
      await until(() => daysAsked() > before + 0.5);

      const ids = captured(sink, "notice").map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`);
      expect(new Set(ids).size).toBe(1);
      expect(ids).toHaveLength(said);
      expect(again.trace.healthOf(ANNS).stopped).toEqual({ failed: 0, quarantined: 1 });
    },
  );

  it("is forgotten after a month", async () => {
    await using first = await open();
    has("held", "quarantined");
    at.clock = SETTLED;
    await until(() => first.trace.healthOf(ANNS).stopped.quarantined === 1);
    at.api.requestsInFiveMinutes = Infinity;
    at.clock = Date.parse("2024-07-20T00:00:01Z");
    await until(() => first.trace.healthOf(ANNS).stopped.quarantined === 0);

    expect(captured(first.sink, "notice")).toHaveLength(1);
    // It was compared: what is not known of begins with the day after it.
    expect(captured(first.sink, "gap")[0]?.event.gap?.from).toBe("2024-05-14T00:00:00.000Z");
  });

  it("is compared again each day while it is in quarantine, and as all mail is once it is let out", async () => {
    await using first = await open();
    const { sink, trace } = first;
    const held = has("held", "quarantined");
    const told = has("told", "quarantined", { receivedDateTime: new Date("2024-05-14T10:00:00Z") });
    at.clock = SETTLED;
    await until(() => captured(sink, "notice").length === 1);
    at.clock += 24 * HOUR_MS;
    await until(() => captured(sink, "notice").length === 2 && daysAsked() === 2);
    at.clock += 24 * HOUR_MS;
    await until(() => daysAsked() === 3 && at.askedOf("2024-05-15") === 2);
    expect(captured(sink, "gap")).toEqual([]);
    expect(trace.healthOf(ANNS).alerts).toEqual([]);

    for (const one of [held, told]) one.status = "delivered";
    await trace.note({ ...TOLD, names: ["told@example.org"] }, new Date(at.clock));
    at.clock += 24 * HOUR_MS;
    await until(() => trace.healthOf(ANNS).stopped.quarantined === 0);
    expect(captured(sink, "gap").map(({ event }) => event.gap?.about)).toEqual(["held@example.org"]);
    expect(trace.healthOf(ANNS).alerts).toEqual(["journal-incomplete"]);
    // The one that agrees by now is asked for no more.
    const before = at.askedOf("2024-05-14");
    at.clock += 48 * HOUR_MS;
    await until(() => at.askedOf("2024-05-18") === 2);
    expect(at.askedOf("2024-05-14")).toBe(before);
  });

  it("closes nothing where the list has become shorter meanwhile", async () => {
    await using first = await open();
    const { sink, trace } = first;
    has("held", "quarantined");
    has("other", "delivered");
    await trace.note({ ...TOLD, names: ["other@example.org"] }, TEN);
    at.clock = SETTLED;
    await until(() => captured(sink, "notice").length === 1);
    at.api.rows.length = 0;
    at.clock += 24 * HOUR_MS;
    await until(() => daysAsked() === 2 && at.askedOf("2024-05-14") === 2);
    at.clock += 6 * HOUR_MS;
    await until(() => daysAsked() === 3);
  });
});
