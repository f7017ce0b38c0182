import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import { StateFile } from "@daybook/keeping";
import { MessageTraceApi, type Traced } from "../../../test/fakes/message-trace.ts";
import type { TraceKind } from "../src/trace/compare-day.ts";
import { MessageTrace } from "../src/trace/message-trace.ts";
import { ANN } from "./intake.ts";

const HOUR_MS = 3_600_000;
const ANNS = "ann@example.gov.uk";
const TEN = new Date("2024-05-13T10:00:00Z");
const TOLD = { accounts: [ANNS], digest: undefined, sentAt: undefined };

let api: MessageTraceApi;
let dir: string;
let clock: number;
let logged: string[];
beforeEach(async () => {
  clock = Date.parse("2024-05-12T12:00:00Z");
  api = await MessageTraceApi.start();
  api.now = () => clock;
  dir = mkdtempSync(join(tmpdir(), "daybook-mail-stopped-"));
  logged = [];
});
afterEach(async () => {
  await api.close();
  rmSync(dir, { recursive: true });
});

const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(5);
};

/** The comparison by itself, the day before the one that is compared, or as after a restart. */
async function open(sink = new RecordingSink()) {
  const now = () => new Date(clock);
  const key = Buffer.alloc(32, 7);
  const where = {
    path: join(dir, "email.state"),
    label: "daybook email state v1",
    whose: "mail's connector",
  };
  const state = StateFile.open<TraceKind>({ ...where, key, now });
  const note = (fields: object) => void logged.push(JSON.stringify(fields));
  const { tenant, clientId } = api.directory;
  const credential = { clientSecret: () => "made up" };
  const trace = new MessageTrace({
    application: { tenant, clientId, credential, loginUrl: api.url },
    ...{ graphUrl: api.url, settleMs: 24 * HOUR_MS, everyMs: 10, paceMs: 0 },
    waits: { firstMs: 5, mostMs: 20 },
    ...{ mailboxes: [{ addresses: [ANNS], custodian: ANN }], state, now },
    log: { info: note, warn: note, error: note },
  });
  const stop = new AbortController();
  const running = trace.run(sink, stop.signal);
  const asked = api.asked.length;
  await until(() => api.asked.length > asked);
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
  api.has({
    messageId: `<${name}@example.org>`,
    recipientAddress: ANNS,
    receivedDateTime: TEN,
    status,
    ...more,
  });
const daysAsked = () =>
  api.asked.filter((query) => query.get("$filter")?.includes("ge 2024-05-13T")).length / 2;
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
    clock = Date.parse("2024-05-15T00:00:01Z");
    await until(() => captured(sink, "notice").length === 1);
    late.status = "quarantined";
    clock += 6 * HOUR_MS;
    await until(() => captured(sink, "notice").length === 2);

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
    expect(logged).toContain('{"failed":1,"quarantined":2}');
    expect(logged.join()).not.toMatch(/example/);
  });

  it("to one recipient and went its way to another is compared as all mail is", async () => {
    await using first = await open();
    const { sink, trace } = first;
    const sent = { senderAddress: ANNS };
    has("both", "failed", { ...sent, recipientAddress: "out@example.org" });
    has("both", "delivered", { ...sent, recipientAddress: "other@example.org" });
    clock = Date.parse("2024-05-15T00:00:01Z");
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
      clock = Date.parse("2024-05-15T00:00:01Z");
      await until(() => first.trace.healthOf(ANNS).stopped.quarantined === 1);
      await first[Symbol.asyncDispose]();
      const said = captured(sink, "notice").length;
      const before = daysAsked();
      clock += 6 * HOUR_MS;
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
    clock = Date.parse("2024-05-15T00:00:01Z");
    await until(() => first.trace.healthOf(ANNS).stopped.quarantined === 1);
    api.requestsInFiveMinutes = Infinity;
    clock = Date.parse("2024-07-20T00:00:01Z");
    await until(() => first.trace.healthOf(ANNS).stopped.quarantined === 0);

    expect(captured(first.sink, "notice")).toHaveLength(1);
  });
});
