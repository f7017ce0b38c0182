import { RecordingSink } from "@daybook/contract/testing";
import { Changes, held } from "../src/holders.ts";
import { message, part, words } from "./fixtures/pdus.ts";
import { ACCOUNT, CUSTODIAN, openOffice } from "./support/office.ts";

const BEN = { id: "custodian-2", name: "Ben Ngata" };
const at = (day: string) => new Date(`${day}T00:00:00.000Z`);
const NUMBERS = [
  { number: ACCOUNT, custodian: CUSTODIAN, until: at("2026-07-01") },
  { number: ACCOUNT, custodian: BEN, from: at("2026-08-01") },
];

/** Official numbers whose clock the test sets. */
async function office(start: string, more: Parameters<typeof openOffice>[0] = {}) {
  const clock = { now: at(start) };
  const opened = await openOffice({ numbers: NUMBERS, now: () => clock.now, beatMs: 20, ...more });
  return { ...opened, clock, opened };
}

describe("a number that changes hands", () => {
  it("is whose it was when a message came, and nobody's in between", async () => {
    const { smsc, clock, sink } = await office("2026-06-30");
    const days = ["2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01"];
    for (const day of days) {
      clock.now = at(day);
      expect(await smsc.deliver(message(words(`Sent on ${day}`)))).toBe(0);
    }
    const messages = sink.captured.flatMap(({ event }) => (event.kind === "message" ? [event] : []));
    expect(messages.map(({ account, custodian }) => [account, custodian?.name])).toEqual([
      [ACCOUNT, CUSTODIAN.name],
      [ACCOUNT, undefined],
      [ACCOUNT, undefined],
      [ACCOUNT, BEN.name],
    ]);
    expect(messages.map(({ recipients }) => recipients?.[0]?.name)).toEqual([
      CUSTODIAN.name,
      "",
      "",
      BEN.name,
    ]);
  });

  it("keeps a message in parts with whom it began to come to, over the end and a restart", async () => {
    const first = await office("2026-06-30");
    first.clock.now = new Date("2026-06-30T23:50:00.000Z");
    const piece = (number: number) =>
      message(part(Buffer.from(`part ${number} `), { reference: 7, total: 2, number }));
    expect(await first.smsc.deliver(piece(1))).toBe(0);
    first.clock.now = new Date("2026-07-01T00:10:00.000Z");
    const { smsc, sink } = await first.opened.restart();
    await smsc.store(piece(2));
    while (!sink.captured.some(({ event }) => event.kind === "message"))
      await new Promise((resolve) => setTimeout(resolve, 5));

    const [whole] = sink.captured.filter(({ event }) => event.kind === "message");
    expect(whole?.event).toMatchObject({ text: "part 1 part 2 ", custodian: CUSTODIAN });
  });

  it("says so as a notice of whom it concerns, once, also where it could not be recorded at first", async () => {
    const sink = new RecordingSink({ failures: 1 });
    const changes = new Changes(NUMBERS);
    for (const day of ["2026-06-30", "2026-07-01", "2026-07-01", "2026-07-02", "2026-08-01", "2026-08-02"])
      await changes.tell(sink, at(day).getTime());
    const notices = sink.captured.map(({ event }) => [event.kind, event.custodian?.name, event.receivedAt]);
    expect(notices).toEqual([
      ["notice", CUSTODIAN.name, "2026-07-01T00:00:00.000Z"],
      ["notice", BEN.name, "2026-08-01T00:00:00.000Z"],
    ]);
    const again = new RecordingSink();
    await new Changes(NUMBERS).tell(again, at("2027-01-01").getTime());
    expect(again.captured).toEqual(sink.captured);
  });

  it("tells while it runs", async () => {
    const { clock, heard } = await office("2026-06-30");
    clock.now = at("2026-07-01");
    const [notice] = await heard(1);
    expect(notice?.event).toMatchObject({ kind: "notice", account: ACCOUNT, custodian: CUSTODIAN });
  });

  it("is shown as held by whom it is then", () => {
    const names = (day: string) => held(NUMBERS, at(day).getTime()).map(({ custodian }) => custodian.name);
    expect([names("2026-06-30"), names("2026-07-15"), names("2026-08-01")]).toEqual([
      [CUSTODIAN.name],
      [],
      [BEN.name],
    ]);
  });
});
