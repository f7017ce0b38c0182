import { RecordingSink } from "@daybook/contract/testing";
import { splitPdus } from "../src/smpp/index.ts";
import { BAD_PDUS } from "./fixtures/bad-pdus.ts";
import { deliver, FERGUS, message, part, words } from "./fixtures/pdus.ts";
import { ACCOUNT, CUSTODIAN, openOffice, records } from "./support/office.ts";

const SHIP = "\u{1f6a2}";
const utf16 = (text: string) => Buffer.from(text, "utf16le").swap16();

describe("SMS over SMPP", () => {
  it("captures a message before it is answered, with its PDU as it came", async () => {
    const { smsc, events } = await openOffice();
    const body = message(words("Can the ferry sail on Friday? €5 [sic]"));
    expect(await smsc.deliver(body)).toBe(0);

    const [captured] = events();
    expect(captured?.event).toMatchObject({
      kind: "message",
      network: "sms",
      method: "carrier",
      provenance: "captured",
      account: ACCOUNT,
      custodian: CUSTODIAN,
      conversation: { id: `+${FERGUS}`, kind: "direct" },
      sender: { id: `+${FERGUS}` },
      recipients: [{ id: ACCOUNT, name: CUSTODIAN.name }],
      direction: "incoming",
      text: "Can the ferry sail on Friday? €5 [sic]",
    });
    expect(captured?.event.sentAt).toBeUndefined();
    const raw = Buffer.from(captured!.event.raw, "base64");
    expect(raw.subarray(16)).toEqual(deliver(body).subarray(16));
  });

  it("answers 0x64 while nothing can be kept, and has one record of what is delivered again", async () => {
    const sink = new RecordingSink({ failures: 3, keep: true });
    const { smsc, events } = await openOffice({ sink, beatMs: 3_600_000 });
    const body = message(words("Yes"));
    const answers: (number | undefined)[] = [];
    while (answers.at(-1) !== 0) answers.push(await smsc.deliver(body));

    expect(answers.slice(0, -1).every((status) => status === 0x64)).toBe(true);
    expect(answers.length).toBeGreaterThan(1);
    expect(records(events())).toHaveLength(1);
  });

  it("has two records of two equal messages, in one moment or apart", async () => {
    const { smsc, heard } = await openOffice();
    const body = message(words("Yes"));
    await Promise.all([smsc.deliver(body), smsc.deliver(body)]);
    await smsc.deliver(body);
    expect(records(await heard(3))).toHaveLength(3);
  });

  it("joins the bytes of parts before it reads them, whatever their order and reference", async () => {
    const { smsc, heard } = await openOffice();
    const bytes = utf16(`The ferry ${SHIP} sails`);
    // In the middle of the ship.
    const cut = 22;
    for (const [number, wide] of [
      [2, false],
      [1, false],
      [2, true],
      [1, true],
    ] as const) {
      const own = number === 1 ? bytes.subarray(0, cut) : bytes.subarray(cut);
      const of = part(own, { reference: 7, total: 2, number, wide });
      expect(await smsc.deliver(message({ ...of, dataCoding: 8 }))).toBe(0);
    }
    const events = await heard(2);
    expect(events.map(({ event }) => event.text)).toEqual(Array(2).fill(`The ferry ${SHIP} sails`));
    const pdus = splitPdus(Buffer.from(events[0]!.event.raw, "base64"));
    expect(pdus.map((pdu) => pdu.includes(utf16("The ferry")))).toEqual([true, false]);
  });

  it.each(BAD_PDUS)("goes on after $name: $outcome", async ({ bytes, outcome }) => {
    const { smsc, heard, events, logged } = await openOffice();
    await smsc.write(bytes);
    if (outcome === "ends") await smsc.boundTimes(2);
    await smsc.store(message(words("Still here")));
    const all = await heard(1);
    const kept = all.filter(({ event }) => event.text !== "Still here");
    if (outcome === "ends") expect(kept).toEqual([]);
    else if (!bytes.includes(Buffer.from([0x00, 3, 1, 2])))
      expect(kept.map(({ event }) => event.raw)).toEqual([bytes.toString("base64")]);
    if (outcome === "unreadable") expect(kept[0]?.event).toMatchObject({ kind: "gap", account: "unknown" });
    expect(smsc.isBound).toBe(true);
    expect(JSON.stringify(logged)).not.toContain(FERGUS);
    expect(events().some(({ event }) => event.text === "Still here")).toBe(true);
  });
});
