import { describeWithJsmpp, Jsmpp } from "../../../test/fakes/jsmpp/index.ts";
import { decodePdu, splitPdus } from "../src/smpp/index.ts";
import { FERGUS, OFFICIAL } from "./fixtures/pdus.ts";
import { ACCOUNT, openOffice, records } from "./support/office.ts";
import { outbound } from "./support/outbound.ts";

const never = new AbortController().signal;

describeWithJsmpp("answers to jSMPP's simulator", () => {
  let jsmpp: Jsmpp;
  beforeAll(async () => {
    jsmpp = await Jsmpp.start();
  }, 60_000);
  afterAll(() => jsmpp.close());

  it.each([
    ["in one part", "We sail at nine. €5 [sic]", 1],
    ["in parts of GSM's alphabet", "The ferry sails at nine, unless it does not. ".repeat(7), 3],
    ["in parts of UTF-16", "Łódź sails \u{1f6a2} at nine. ".repeat(5), 2],
  ])(
    "are delivered, by receipts whose ids are in decimal where they were given in hexadecimal: %s",
    async (_name, text, parts) => {
      const { heard, events, connector } = await openOffice({
        relay: [ACCOUNT],
        smpp: { hosts: [{ host: "127.0.0.1", port: jsmpp.port }] },
      });
      await jsmpp.deliver({ source: FERGUS, destination: OFFICIAL, bytes: Buffer.from("When?") });
      const asked = outbound({ text });
      expect(await connector.relay!.send(asked, never)).toMatchObject({ state: "sent" });
      await heard(2 + parts);

      const all = records(events()).map(({ event }) => event);
      const sent = all.find(({ relay }) => relay)!;
      expect(sent).toMatchObject({ text, relay: { id: asked.id, state: "sent" } });
      const ids = splitPdus(Buffer.from(sent.raw, "base64"))
        .map(decodePdu)
        .flatMap((pdu) => (pdu.command === "submit_sm_resp" ? [pdu.body!.messageId] : []));
      expect(ids).toHaveLength(parts);
      const receipts = all.filter(({ kind }) => kind === "receipt");
      expect(receipts.map(({ target }) => target)).toEqual(Array(parts).fill(sent.networkId));
      // It writes them otherwise than it gave them.
      for (const id of ids) {
        const written = `id:${BigInt(`0x${id}`).toString()} `;
        expect(receipts.filter(({ raw }) => Buffer.from(raw, "base64").includes(written))).toHaveLength(1);
      }
      expect(receipts.at(-1)?.text).toBe(parts === 1 ? "delivered" : `delivered: all ${parts} parts`);
    },
    120_000,
  );
});
