import { envelope } from "@daybook/contract";
import { codePoint } from "@daybook/contract/testing";
import fc from "fast-check";
import { androidSmsReader } from "../../src/index.ts";
import { ABOUT, bytes, mms, OWN, PICTURE, sms } from "./rows.ts";

const read = (value: unknown, parts = [] as (typeof PICTURE)[]) =>
  androidSmsReader.read(Buffer.isBuffer(value) ? value : bytes(value), parts, ABOUT);
const events = (value: unknown, parts?: (typeof PICTURE)[]) => read(value, parts).map(({ event }) => event);
const ids = (value: unknown) => read(value).map(({ eventId, stableDigest }) => [eventId, stableDigest]);
const ID = "android:phone-1:sms:7:1772636645678";
const own = { id: OWN, name: "Olivia Sinclair" };
const other = { id: "+447700900456", name: "" };

describe("an SMS of the provider", () => {
  it("that was received is a message, with its bytes, from whom its number is", () => {
    expect(events(sms())).toEqual([
      {
        v: 1,
        kind: "message",
        network: "sms",
        method: "device-agent",
        provenance: "captured",
        account: OWN,
        custodian: { id: "c1", name: "Olivia Sinclair" },
        conversation: { id: "+447700900456", title: "+447700900456", kind: "direct" },
        sender: other,
        recipients: [own],
        direction: "incoming",
        sentAt: "2026-03-04T15:04:04.678Z",
        receivedAt: "2026-03-04T15:04:05.678Z",
        text: "The pier is closed.",
        networkId: ID,
        raw: bytes(sms()).toString("base64"),
        connector: { name: "sms-agent", version: "1" },
      },
    ]);
  });

  it.each([2, 4, 6])("that the official sends is theirs, and the same event in each box: %d", (type) => {
    expect(events(sms({ type }))).toMatchObject([
      {
        kind: "message",
        direction: "outgoing",
        sender: own,
        recipients: [other],
        sentAt: "2026-03-04T15:04:05.678Z",
      },
    ]);
    expect(ids(sms({ type }))).toEqual(ids(sms({ type: 2, read: 1 })));
  });

  it("that could not be sent is on record, and that it could not", () => {
    expect(events(sms({ type: 5 }))).toMatchObject([
      { kind: "message", direction: "outgoing" },
      { kind: "receipt", text: "failed", target: ID, raw: "" },
    ]);
  });

  it("that was delivered, or changed in its words, says so of the message", () => {
    const changed = (changes: string[], columns = {}) =>
      sms({ type: 2, ...columns }, { seen: "changed", changes });
    expect(events(changed(["status"], { status: 0 }))).toMatchObject([
      { kind: "receipt", text: "delivered", target: ID, receivedAt: "2026-03-04T15:04:07.678Z" },
    ]);
    expect(events(changed(["body"], { body: "The pier is open." }))).toMatchObject([
      { kind: "edit", text: "The pier is open.", target: ID },
    ]);
    expect(events(changed(["thread_id"]))).toMatchObject([{ kind: "notice", target: ID }]);
    const [first, second] = ["a", "b"].map((body) => ids(changed(["body"], { body }))[0]![0]);
    expect(first).not.toBe(second);
  });

  it("that is changed to what it was changed to before is another edit, and one where it is handed over again", () => {
    const changed = (at: number) => sms({ body: "Closed" }, { seen: "changed", changes: ["body"], at });
    expect(ids(changed(1_000))).toEqual(ids(changed(1_000)));
    expect(ids(changed(2_000))).not.toEqual(ids(changed(1_000)));
  });

  it("that is gone is a deletion", () => {
    const gone = { ...sms(), seen: "gone", columns: {} };
    expect(events(gone)).toMatchObject([{ kind: "delete", target: ID }]);
  });

  it("that is a draft is no message, and says nothing", () => {
    const [draft, ...others] = events(sms({ type: 3 }));
    expect(others).toEqual([]);
    expect(draft).toMatchObject({ kind: "notice", text: expect.stringContaining("draft") as unknown });
  });

  it.each([
    ["a name", "HMRC", "HMRC"],
    ["a short code", "60006", "60006"],
    ["a number without its country", "(07700) 900-456", "+447700900456"],
    ["one of another country", "+1 212 555 0100", "+12125550100"],
  ])("is from %s as it is", (_, address, id) => {
    expect(events(sms({ address }))).toMatchObject([{ sender: { id }, conversation: { id } }]);
  });
});

describe("an MMS of the provider", () => {
  it("has its subject, words and attachments, and is of all it went to", () => {
    const [draft] = read(mms(), [PICTURE]);
    expect(draft?.parts).toEqual([PICTURE]);
    expect(draft?.event).toMatchObject({
      kind: "message",
      text: "Café\nHere it is.",
      sender: other,
      recipients: [own, { id: "+447700900789", name: "" }],
      conversation: { id: "group:+447700900456, +447700900789", kind: "group" },
      sentAt: "2026-03-04T15:04:05.000Z",
    });
  });

  it("is told in whole letters, of however many it is and whatever it is about", () => {
    const recipients = ["a".repeat(503), `😀${"b".repeat(500)}`, `${"c".repeat(508)}😀`];
    const report = { m_type: 134, m_id: `${"x".repeat(511)}😀` };
    const all = [...events(mms({}, { thread: { recipients } })), ...events(mms(report))];
    for (const { conversation, target } of all)
      for (const one of [conversation?.id, conversation?.title, target])
        expect(one?.isWellFormed()).not.toBe(false);
  });

  it("of a large group is not another's that begins with the same people", () => {
    const all = Array.from({ length: 60 }, (_, n) => `+4477009004${String(n).padStart(2, "0")}`);
    const [one, other] = [all, all.slice(0, -1)].map(
      (recipients) => events(mms({}, { thread: { recipients } }))[0]?.conversation,
    );
    expect(one?.id.length).toBeLessThanOrEqual(512);
    expect(one?.id).not.toBe(other?.id);
  });

  it("whose attachment is not there has a gap beside it", () => {
    const missing = mms({}, { parts: [{ row: 3, ct: "image/jpeg", name: "pier.jpg", missing: "deleted" }] });
    expect(events(missing)).toMatchObject([
      { kind: "message" },
      { kind: "gap", target: "android:phone-1:mms:9:1772636645", gap: { about: "pier.jpg" }, raw: "" },
    ]);
  });

  it("that was announced and not fetched is a gap, and a message when it is", () => {
    expect(events(mms({ m_type: 130 }))).toMatchObject([{ kind: "gap" }]);
    const fetched = mms({}, { seen: "changed", changes: ["m_type", "parts"] });
    expect(events(fetched, [PICTURE])).toMatchObject([{ kind: "message" }]);
  });
});

it("keeps the bytes of whatever is no row, and throws for nothing", () => {
  for (const value of [
    Buffer.from([0xff]),
    Buffer.alloc(0),
    { v: 2 },
    [],
    sms({}, { row: -1 }),
    sms({}, { device: "é" }),
  ]) {
    const [only, ...others] = read(value);
    expect(others).toEqual([]);
    expect(only?.event).toMatchObject({
      kind: "notice",
      raw: (Buffer.isBuffer(value) ? value : bytes(value)).toString("base64"),
    });
  }
});

it("reads any row into events that fit the schema, the same each time", () => {
  const column = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant(1e300));
  const columns = fc.record(
    {
      ...{ address: column, body: column, type: column, msg_box: column, date_sent: column, status: column },
      ...{ m_type: fc.constantFrom(128, 130, 132, 134, 136), sub: column, sub_cs: fc.constantFrom(106, 3) },
    },
    { requiredKeys: [] },
  );
  const row = fc.record({
    ...{ v: fc.constant(1), device: fc.constant("d"), table: fc.constantFrom("sms", "mms"), row: fc.nat() },
    ...{
      date: fc.maxSafeInteger(),
      seen: fc.constantFrom("new", "changed", "gone"),
      at: fc.maxSafeInteger(),
    },
    changes: fc.array(fc.constantFrom("body", "parts", "status", "m_type", "other")),
    columns,
    thread: fc.record({ recipients: fc.array(fc.string({ unit: codePoint })) }),
    addresses: fc.array(
      fc.record({ type: fc.constantFrom(137, 151, 130), address: fc.string({ unit: codePoint }) }),
    ),
    parts: fc.array(
      fc.record({
        row: fc.nat(),
        ct: fc.constantFrom("text/plain", "image/png"),
        text: fc.string({ unit: codePoint }),
      }),
    ),
  });
  fc.assert(
    fc.property(row, (value) => {
      const drafts = read(value);
      expect(read(value)).toEqual(drafts);
      expect(drafts[0]?.event.raw).toBe(bytes(value).toString("base64"));
      expect(new Set(drafts.map(({ eventId }) => eventId)).size).toBe(drafts.length);
      for (const { parts: _, ...draft } of drafts) {
        const event = { ...draft.event, capturedAt: "2026-03-04T12:00:00.000Z" };
        expect(envelope.safeParse({ v: 1, ...draft, keys: [], event }).error).toBeUndefined();
      }
    }),
    { numRuns: 100 },
  );
});
