import { RecordingSink } from "@daybook/contract/testing";
import type { ScopedSink } from "@daybook/keeping";
import type { EmailOptions } from "../src/index.ts";
import { ANN, BO, Client, INNER, Intake, report } from "./intake.ts";
import { ANNS, HOUR_MS, SETTLED, TEN, tracing, until } from "./tracing.ts";

const BOS = "bo@example.gov.uk";
const FERRY = "<ferry@example.gov.uk>";
const SENT = { senderAddress: ANNS, recipientAddress: "out@example.org" };
const REPORT = report([`Sender: ${ANNS}`, "Message-Id: <ferry@example.gov.uk>", "To: out@example.org"]);

const at = tracing();

/** The connector, the day before the one that is compared, or as after a restart. */
async function open({
  sink = new RecordingSink(),
  isAsked = true,
  ...more
}: Partial<EmailOptions & { sink: RecordingSink; isAsked: boolean }> = {}) {
  const options = { ...at.around, trace: at.settings, beatMs: 24 * HOUR_MS, ...more };
  const intake = await Intake.open(options, sink);
  if (options.trace && isAsked) await until(() => at.api.asked.length > 0);
  return intake;
}

/** That a journal tells of a message, at ten unless another time is given. */
async function journal(intake: Intake, message = REPORT, when = TEN.getTime()): Promise<void> {
  at.clock = when;
  using client = await Client.open(intake.port);
  expect(await client.send(message)).toMatch(/^250 /);
}

/** A message, in the tenant's list and told of. */
const written = (name: string, message = INNER) => message.replace("ferry@example.gov.uk", name);

/** The n-th time that a day was asked for to the end: Ann's two addresses and Bo's one, by sender and by recipient. */
const daysAsked = (day: string) => at.askedOf(day) / 6;
const gaps = (intake: Intake) => intake.captured("gap").map(({ event }) => event);
const notices = (intake: Intake) =>
  intake.captured("notice").filter(({ eventId }) => eventId.startsWith("completed:"));
const alerts = ({ email }: Intake) =>
  email.health().flatMap(({ account, alerts: all }) => all.map((alert) => `${account} ${alert}`));

describe("the tenant's message trace", () => {
  it("that has what the journal told of agrees, and the day is asked for no more, nor after a restart", async () => {
    await using intake = await open();
    at.api.has({ ...SENT, messageId: FERRY, receivedDateTime: TEN });
    await journal(intake);
    at.clock = SETTLED;
    await until(() => daysAsked("2024-05-13") === 1);
    at.clock += 24 * HOUR_MS;
    await until(() => daysAsked("2024-05-14") === 1);
    await intake[Symbol.asyncDispose]();
    await using again = await open();
    at.clock += 24 * HOUR_MS;
    await until(() => daysAsked("2024-05-15") === 1);

    expect(daysAsked("2024-05-13")).toBe(1);
    expect([...gaps(intake), ...gaps(again)]).toEqual([]);
    expect(alerts(again)).toEqual([]);
  });

  it("that has more is a gap with the tenant's rows of it and no others, once, and an alert", async () => {
    await using intake = await open();
    at.api.has({ ...SENT, messageId: FERRY, receivedDateTime: TEN });
    at.api.has({ ...SENT, messageId: FERRY, recipientAddress: BOS, receivedDateTime: TEN });
    const lost = at.api.has({
      messageId: "<lost@example.org>",
      recipientAddress: BOS,
      receivedDateTime: TEN,
    });
    await journal(intake, report([`Sender: ${ANNS}`, "To: out@example.org", `Bcc: ${BOS}`]));
    at.clock = SETTLED;
    await until(() => alerts(intake).length > 0);
    at.clock += 6 * HOUR_MS;
    await until(() => daysAsked("2024-05-13") > 1);

    expect(alerts(intake)).toEqual([`${BOS} journal-incomplete`]);
    expect(gaps(intake)).toHaveLength(1);
    const [{ account, custodian, gap, raw } = {} as never] = gaps(intake);
    expect({ account, custodian, gap }).toEqual({
      ...{ account: BOS, custodian: BO },
      gap: {
        ...{ from: "2024-05-13T00:00:00.000Z", to: "2024-05-14T00:00:00.000Z", about: "lost@example.org" },
        why: "The provider has 2 messages of this interval, of which 1 was not captured",
      },
    });
    const { rows, rowsLeftOut } = JSON.parse(Buffer.from(raw, "base64").toString()) as Record<
      string,
      unknown
    >;
    expect([rows, rowsLeftOut]).toEqual([[expect.objectContaining({ id: lost.id, subject: "Ferry" })], 0]);
    expect(at.logged.join()).not.toMatch(/lost|ferry|example\.|made up/i);
  });

  it("is agreed with when what was missing comes late, which a notice says; the gap stays", async () => {
    await using intake = await open();
    at.api.has({ ...SENT, messageId: FERRY, receivedDateTime: TEN });
    at.api.has({ ...SENT, messageId: "<other@example.gov.uk>", receivedDateTime: TEN });
    at.clock = SETTLED;
    await until(() => alerts(intake).length > 0);
    await journal(intake, REPORT, at.clock + HOUR_MS);
    at.clock += 6 * HOUR_MS;
    await until(() => gaps(intake).length === 2);
    expect(notices(intake)).toEqual([]);
    await journal(intake, written("other@example.gov.uk", REPORT), at.clock + HOUR_MS);
    at.clock += 6 * HOUR_MS;
    await until(() => alerts(intake).length === 0);

    expect(gaps(intake).map(({ gap }) => gap?.about)).toEqual([
      "ferry@example.gov.uk other@example.gov.uk",
      "other@example.gov.uk",
    ]);
    expect(notices(intake)).toEqual([
      expect.objectContaining({
        event: expect.objectContaining({ account: ANNS, custodian: ANN }) as unknown,
      }),
    ]);
  });

  it("says nothing of what scope leaves out, by its subject or as the first of a conversation", async () => {
    const left = ["Night out", "first@example.org"];
    const excludes: ScopedSink["excludes"] = ({ conversation: of }) =>
      Promise.resolve(of !== undefined && [of.title, of.id].some((one) => left.includes(one)));
    await using intake = await open({ sink: Object.assign(new RecordingSink(), { excludes }) });
    at.api.has({ messageId: "<reply@example.org>", subject: "Re: Night out", receivedDateTime: TEN });
    at.api.has({ messageId: "<first@example.org>", receivedDateTime: TEN });
    const lost = at.api.has({ messageId: "<lost@example.org>", receivedDateTime: TEN });
    at.clock = SETTLED;
    await until(() => gaps(intake).length > 0);

    const { rows } = JSON.parse(Buffer.from(gaps(intake)[0]!.raw, "base64").toString()) as {
      rows: unknown[];
    };
    expect(rows).toEqual([expect.objectContaining({ id: lost.id })]);
    expect(gaps(intake)[0]?.gap?.why).toMatch(/has 1 messages? of this interval, of which 1/);
  });

  it("that has become shorter closes nothing", async () => {
    await using intake = await open();
    at.api.has({ ...SENT, messageId: FERRY, receivedDateTime: TEN });
    at.clock = SETTLED;
    await until(() => alerts(intake).length > 0);
    at.api.rows.length = 0;
    at.clock += 6 * HOUR_MS;
    await until(() => daysAsked("2024-05-13") > 1);
    at.clock += 24 * HOUR_MS;
    await until(() => daysAsked("2024-05-14") === 1);

    expect(alerts(intake)).toEqual([`${ANNS} journal-incomplete`]);
    expect(notices(intake)).toEqual([]);
  });

  it("that is empty for a day of which the journal told has not come yet: asked again, and then said", async () => {
    await using intake = await open();
    const listedAt = new Date(SETTLED + 3 * HOUR_MS);
    at.api.has({ ...SENT, messageId: FERRY, receivedDateTime: TEN, listedAt });
    at.api.has({ ...SENT, messageId: "<lost@example.org>", receivedDateTime: TEN, listedAt });
    await journal(intake, REPORT.replaceAll("10:01:00 +0100", "11:01:00 +0100"));
    at.clock = SETTLED;
    await until(() => daysAsked("2024-05-13") === 1);
    expect(gaps(intake)).toEqual([]);
    at.clock += 6 * HOUR_MS;
    await until(() => gaps(intake).length === 1);

    expect(gaps(intake)[0]?.gap?.about).toBe("lost@example.org");
  });

  it("does not count what was stopped as missing, and waits for what is under way", async () => {
    await using intake = await open();
    for (const status of ["Failed", "quarantined"])
      at.api.has({ messageId: `<${status}@example.org>`, receivedDateTime: TEN, status });
    const late = at.api.has({
      messageId: "<late@example.org>",
      receivedDateTime: TEN,
      status: "gettingStatus",
    });
    at.clock = SETTLED;
    await until(() => daysAsked("2024-05-13") === 1);
    late.status = "FilteredAsSpam";
    at.clock += 6 * HOUR_MS;
    await until(() => gaps(intake).length === 1);

    expect(gaps(intake)[0]?.gap).toMatchObject({
      about: "late@example.org",
      why: "The provider has 1 message of this interval, of which 1 was not captured",
    });
  });

  it("knows a message without Message-ID by Exchange's own id, and an address with an apostrophe", async () => {
    const mailboxes = [{ addresses: ["o'neill@example.gov.uk"] as [string], custodian: ANN }];
    await using intake = await open({ mailboxes });
    const of = { messageId: null, recipientAddress: "O'Neill@example.gov.uk", receivedDateTime: TEN };
    const { id } = at.api.has(of);
    const lost = at.api.has(of);
    const inner = INNER.replace(/^Message-ID:.*$/m, `X-MS-Exchange-Organization-Network-Message-Id: ${id}`);
    await journal(intake, report(["Sender: ann@example.gov.uk", "To: o'neill@example.gov.uk"], inner));
    at.clock = SETTLED;
    await until(() => gaps(intake).length === 1);

    expect(gaps(intake)[0]?.gap?.about).toBe(`network message id ${lost.id}`);
  });

  it("is read to its last page, whatever goes wrong on the way", async () => {
    await using intake = await open();
    at.api.pageSize = 3;
    const names = Array.from({ length: 10 }, (_, n) => `lost-${n}@example.org`);
    for (const name of names) at.api.has({ messageId: `<${name}>`, receivedDateTime: TEN });
    const faults = [{ status: 429, retryAfterSeconds: 1 }, { status: 500 }, "lost", "broken-off"] as const;
    at.api.faults.push(...faults, "cut", { status: 503 }, "elsewhere", { status: 400 });
    at.clock = SETTLED;
    await until(() => gaps(intake).length > 0);

    expect(at.api.faults).toEqual([]);
    expect(gaps(intake).map(({ gap }) => gap?.about)).toEqual([names.join(" ")]);
    expect(at.logged.join()).toContain('{"status":429}');
  });

  it("is asked for no more than a tenant may ask", async () => {
    await using intake = await open();
    at.api.requestsInFiveMinutes = 4;
    at.api.has({ messageId: "<lost@example.org>", recipientAddress: BOS, receivedDateTime: TEN });
    at.clock = SETTLED;
    await until(() => at.logged.some((line) => line.includes("429")));
    at.clock += 300_000;
    await until(() => gaps(intake).length === 1);

    expect(gaps(intake)[0]?.account).toBe(BOS);
  });

  it("goes on with another token when one is revoked, or runs out", async () => {
    const { directory } = at.api;
    directory.seconds = 24 * 3_600;
    await (await open())[Symbol.asyncDispose]();
    at.clock = SETTLED - 4 * HOUR_MS;
    await using intake = await open();
    await until(() => at.api.asked.length >= 2);
    directory.revoke();
    at.clock = SETTLED;
    await until(() => daysAsked("2024-05-13") >= 1);
    expect(directory.given).toBe(3);
    at.clock += 24 * HOUR_MS;
    await until(() => daysAsked("2024-05-14") >= 1);

    expect(directory.given).toBe(4);
    expect(alerts(intake)).toEqual([]);
    expect(at.logged.join()).not.toContain('"status"');
  });

  it.each<[string, (isSo: boolean) => void]>([
    ["the secret", (isSo) => (at.api.directory.clientSecret = isSo ? "made up" : "another")],
    ["what may be read", (isSo) => (at.api.isConsented = isSo)],
  ])("says at once to an operator that %s is refused, until it is not", async (_, set) => {
    set(false);
    await using intake = await open({ isAsked: false });
    await until(() => alerts(intake).length > 0);
    expect(alerts(intake)).toEqual([`${ANNS} reconciliation-refused`, `${BOS} reconciliation-refused`]);
    set(true);
    await until(() => alerts(intake).length === 0);

    expect(at.logged.join()).toMatch(/"status":40[13]/);
  });

  it.each([false, true])("is recorded once where the sink fails (kept: %s)", async (keep) => {
    const sink = new RecordingSink({ failures: 2, keep });
    await using intake = await open({ sink });
    at.api.has({ messageId: "<lost@example.org>", receivedDateTime: TEN });
    at.clock = SETTLED;
    await until(() => alerts(intake).length > 0);

    const ids = intake.captured("gap").map(({ eventId, stableDigest }) => `${eventId} ${stableDigest}`);
    expect(new Set(ids).size).toBe(1);
    expect(sink.attempts).toBeGreaterThan(2);
  });

  it("that was not had for a month is a gap of those days", async () => {
    await using intake = await open();
    at.api.requestsInFiveMinutes = Infinity;
    at.clock = Date.parse("2024-06-20T00:00:00Z");
    await until(() => gaps(intake).length === 2);

    expect(gaps(intake).map(({ account, gap }) => [account, gap?.from, gap?.to])).toEqual(
      [ANNS, BOS].map((account) => [account, "2024-05-13T00:00:00.000Z", "2024-05-20T00:00:00.000Z"]),
    );
  });

  it("is compared from the first whole day on, and anew after a time without", async () => {
    await using first = await open();
    await journal(first);
    await first[Symbol.asyncDispose]();
    await using without = await open({ trace: undefined });
    await without[Symbol.asyncDispose]();
    at.api.has({ messageId: "<before@example.org>", receivedDateTime: TEN });
    await using again = await open();
    await until(() => at.api.asked.length > 1);
    at.clock = SETTLED;
    at.api.has({ messageId: "<after@example.org>", receivedDateTime: new Date("2024-05-14T10:00:00Z") });
    at.clock += 24 * HOUR_MS;
    await until(() => gaps(again).length > 0);

    expect(gaps(again).map(({ gap }) => gap?.about)).toEqual(["after@example.org"]);
  });
});
