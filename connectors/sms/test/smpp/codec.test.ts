import fc from "fast-check";
import {
  COMMAND,
  type Command,
  decodePdu,
  encodePdu,
  Frames,
  MAX_PDU_BYTES,
  type Pdu,
  splitPdus,
} from "../../src/smpp/index.ts";
import { BAD_PDUS } from "../fixtures/bad-pdus.ts";
import { deliver, enquire, message, tlv } from "../fixtures/pdus.ts";

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((value) => Buffer.from(value));
const byte = fc.integer({ min: 0, max: 255 });
const cstring = fc
  .array(fc.integer({ min: 1, max: 255 }), { maxLength: 30 })
  .map((codes) => String.fromCharCode(...codes));
const address = fc.record({ ton: byte, npi: byte, address: cstring });
const tlvs = fc.array(fc.record({ tag: fc.integer({ min: 0, max: 0xffff }), value: bytes(300) }), {
  maxLength: 5,
});
const messageBody = fc.record({
  serviceType: cstring,
  source: address,
  destination: address,
  esmClass: byte,
  protocolId: byte,
  priority: byte,
  scheduleDeliveryTime: cstring,
  validityPeriod: cstring,
  registeredDelivery: byte,
  replaceIfPresent: byte,
  dataCoding: byte,
  defaultMessageId: byte,
  shortMessage: bytes(255),
  tlvs,
});
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const command: fc.Arbitrary<Command> = fc.oneof(
  messageBody.map((body) => ({ command: "deliver_sm" as const, body })),
  messageBody.map((body) => ({ command: "submit_sm" as const, body })),
  fc
    .record({
      serviceType: cstring,
      source: address,
      destination: address,
      esmClass: byte,
      registeredDelivery: byte,
      dataCoding: byte,
      tlvs,
    })
    .map((body) => ({ command: "data_sm" as const, body })),
  fc
    .record({
      systemId: cstring,
      password: cstring,
      systemType: cstring,
      interfaceVersion: byte,
      range: address,
    })
    .map((body) => ({ command: "bind_transceiver" as const, body })),
  fc
    .option(fc.record({ systemId: cstring, tlvs }), { nil: undefined })
    .map((body) => ({ command: "bind_transceiver_resp" as const, body })),
  fc
    .option(fc.record({ messageId: cstring, tlvs }), { nil: undefined })
    .map((body) => ({ command: "submit_sm_resp" as const, body })),
  bytes(20).map((body) => ({ command: "generic_nack" as const, body })),
  bytes(20).map((body) => ({ command: "enquire_link" as const, body })),
);
const pdu: fc.Arbitrary<Pdu> = fc
  .tuple(command, uint32, uint32)
  .map(([what, status, sequence]) => ({ ...what, status, sequence }));

describe("the SMPP codec", () => {
  it("reads what it wrote", () => {
    fc.assert(
      fc.property(pdu, (one) => {
        expect(decodePdu(encodePdu(one))).toEqual(one);
      }),
    );
  });

  it("writes whatever it could read as the same bytes", () => {
    const commandId = fc.oneof(fc.constantFrom(...Object.values(COMMAND)), uint32);
    let read = 0;
    fc.assert(
      fc.property(
        commandId,
        uint32,
        fc.oneof(
          bytes(80),
          messageBody.map((body) =>
            encodePdu({ command: "deliver_sm", status: 0, sequence: 0, body }).subarray(16),
          ),
        ),
        fc.nat(90),
        (id, sequence, body, cut) => {
          const whole = Buffer.concat([
            Buffer.alloc(16),
            body.subarray(0, Math.max(0, body.length - cut + 20)),
          ]);
          whole.writeUInt32BE(whole.length, 0);
          whole.writeUInt32BE(id, 4);
          whole.writeUInt32BE(sequence, 12);
          let decoded;
          try {
            decoded = decodePdu(whole);
          } catch (error) {
            expect(error).toMatchObject({ name: "SmppError", code: "unreadable" });
            return;
          }
          read += 1;
          expect(encodePdu(decoded)).toEqual(whole);
        },
      ),
      { numRuns: 1_000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it("cuts a stream into PDUs wherever its segments end", () => {
    fc.assert(
      fc.property(
        fc.array(pdu.map(encodePdu), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 400 })),
        (pdus, sizes) => {
          const stream = Buffer.concat(pdus);
          const frames = new Frames();
          const out: Buffer[] = [];
          let at = 0;
          for (const size of [...sizes, stream.length]) {
            out.push(...frames.push(stream.subarray(at, at + size)));
            at += size;
          }
          expect(out).toEqual(pdus);
          expect(splitPdus(stream)).toEqual(pdus);
        },
      ),
    );
  });

  it("reads a PDU that comes one byte at a time", () => {
    const frames = new Frames();
    const whole = deliver();
    const out = [...whole].flatMap((one) => [...frames.push(Buffer.from([one]))]);
    expect(out).toEqual([whole]);
  });

  it.each(BAD_PDUS)("has $name come to: $outcome", ({ bytes: bad, outcome }) => {
    const next = enquire(7);
    const read = () => {
      const frames = new Frames();
      return [...frames.push(Buffer.concat([bad, next]))];
    };
    if (outcome === "ends") {
      expect(read).toThrow(expect.objectContaining({ code: "framing" }) as Error);
      return;
    }
    expect(read()).toEqual([bad, next]);
    if (outcome === "unreadable")
      expect(() => decodePdu(bad)).toThrow(expect.objectContaining({ code: "unreadable" }) as Error);
    else expect(encodePdu(decodePdu(bad))).toEqual(bad);
  });

  it("keeps each of two equal tags, and what a NUL would cut", () => {
    const twice = [
      tlv(0x1400, Buffer.from("one")),
      tlv(0x1400, Buffer.from("two")),
      tlv(0x001e, Buffer.from("ab\0cd")),
    ];
    expect(decodePdu(deliver({ tlvs: twice }))).toMatchObject({ body: { tlvs: twice } });
  });

  it("takes the longest PDU, and writes none that is longer", () => {
    // Two payloads: one is of 64 KiB at most.
    const half = tlv(0x1400, Buffer.alloc(65_000));
    const most = deliver({ tlvs: [half, tlv(0x1400, Buffer.alloc(65_535))] });
    const [read] = [...new Frames().push(most)];
    expect(read?.length).toBeLessThanOrEqual(MAX_PDU_BYTES);
    expect(() => deliver({ tlvs: [half, half, half] })).toThrow("more than a PDU may have");
    expect(() => deliver({ source: { ton: 1, npi: 1, address: "1\0" } })).toThrow("no C-octet string");
  });

  it("refuses bytes that are not whole PDUs where they have to be", () => {
    expect(() => splitPdus(deliver(message()).subarray(0, -1))).toThrow("cut off");
  });
});
