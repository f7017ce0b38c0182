import { describeWithJsmpp, Jsmpp } from "../../../test/fakes/jsmpp/index.ts";
import { splitPdus, TAG } from "../src/smpp/index.ts";
import { BAD_PDUS } from "./fixtures/bad-pdus.ts";
import { deliver, FERGUS, OFFICIAL, part, words } from "./fixtures/pdus.ts";
import { openOffice, type Office } from "./support/office.ts";

const SHIP = "\u{1f6a2}";
const UTF16 = 8;
const utf16 = (text: string) => Buffer.from(text, "utf16le").swap16();

describeWithJsmpp("SMS from jSMPP", () => {
  let jsmpp: Jsmpp;
  beforeAll(async () => {
    jsmpp = await Jsmpp.start();
  }, 60_000);
  afterAll(() => jsmpp.close());

  const open = (): Promise<Office> =>
    openOffice({ smpp: { hosts: [{ host: "127.0.0.1", port: jsmpp.port }] } });
  const says = (bytes: Uint8Array, more: Partial<Parameters<Jsmpp["deliver"]>[0]> = {}) =>
    jsmpp.deliver({ source: FERGUS, destination: OFFICIAL, bytes, ...more });

  it.each(BAD_PDUS)(
    "loses nothing of what follows $name by two milliseconds: $outcome",
    async ({ bytes, outcome }) => {
      const { heard, connector, logged } = await open();
      await jsmpp.write(bytes);
      const attempts = await says(Buffer.from("Still here"));
      const all = await heard(outcome === "ends" ? 1 : 2);
      expect(all.filter(({ event }) => event.text === "Still here")).toHaveLength(1);
      const kept = all.filter(({ event }) => event.text !== "Still here");
      if (outcome === "ends") expect(JSON.stringify(logged)).toContain('"code":"framing"');
      else {
        expect(attempts).toBe(0);
        expect(kept.map(({ event }) => event.raw)).toEqual([bytes.toString("base64")]);
      }
      if (outcome === "unreadable") expect(kept[0]?.event).toMatchObject({ kind: "gap", account: "unknown" });
      expect(connector.health()[0]?.status).toBe("live");
    },
    60_000,
  );

  it("reads a PDU of which each byte comes by itself", async () => {
    const { heard } = await open();
    await jsmpp.write(deliver(words("Drop by drop")), "drip");
    expect((await heard(1))[0]?.event.text).toBe("Drop by drop");
  }, 60_000);

  it("has the whole of a payload of 20,000 bytes, and what comes after it", async () => {
    const { heard } = await open();
    const text = "A long letter. ".repeat(1_400).slice(0, 20_000);
    const value = Buffer.from(text);
    expect(await says(Buffer.alloc(0), { tlvs: [{ tag: TAG.message_payload, value }] })).toBe(0);
    expect(await says(Buffer.from("And then?"))).toBe(0);
    expect((await heard(2)).map(({ event }) => event.text)).toEqual([text, "And then?"]);
  }, 60_000);

  it("joins a letter that stands half in one part and half in the next", async () => {
    const { heard } = await open();
    const bytes = utf16(`Pier ${SHIP}!`);
    const cut = 2 * "Pier ".length + 2;
    for (const [number, own] of [
      [1, bytes.subarray(0, cut)],
      [2, bytes.subarray(cut)],
    ] as const) {
      const { shortMessage, esmClass } = part(own, { reference: 5, total: 2, number });
      expect(await says(shortMessage, { esmClass, dataCoding: UTF16 })).toBe(0);
    }
    const [one] = await heard(1);
    expect(one?.event.text).toBe(`Pier ${SHIP}!`);
    expect(splitPdus(Buffer.from(one!.event.raw, "base64"))).toHaveLength(2);
  }, 60_000);

  it.each<[string, Parameters<typeof says>, string]>([
    [
      "GSM's own alphabet with what is escaped",
      [words("@ £5 or €6 [sic] \\").shortMessage],
      "@ £5 or €6 [sic] \\",
    ],
    ["ASCII", [Buffer.from("plain @ $"), { dataCoding: 1 }], "plain @ $"],
    ["Latin-1", [Buffer.from("Müller", "latin1"), { dataCoding: 3 }], "Müller"],
    ["a flash message", [words("Now").shortMessage, { dataCoding: 0xf0 }], "Now"],
    ["UTF-16 with a letter of two units", [utf16(`Łódź ${SHIP}`), { dataCoding: UTF16 }], `Łódź ${SHIP}`],
    [
      "UTF-16 with an odd byte at its end",
      [Buffer.concat([utf16("Ok"), Buffer.of(0)]), { dataCoding: UTF16 }],
      "Ok",
    ],
    [
      "a receipt in ASCII that says it is UTF-16",
      [
        Buffer.from("id:4711 sub:001 dlvrd:001 stat:DELIVRD err:000 text:"),
        { esmClass: 4, dataCoding: UTF16 },
      ],
      "delivered",
    ],
  ])(
    "reads %s",
    async (_name, delivery, text) => {
      const { heard } = await open();
      await says(...delivery);
      expect((await heard(1))[0]?.event.text).toBe(text);
    },
    60_000,
  );
});
