import { type Command, decodePdu, encodePdu } from "../../src/smpp/index.ts";
import { enquire, message, tlv, words } from "../fixtures/pdus.ts";
import { npmSmpp } from "../support/npm-smpp.ts";

const { PDU } = npmSmpp;

// An implementation that Daybook did not write has the last word on what stands where.
describe("the SMPP codec beside npm's", () => {
  it.each<[string, Command, Record<string, unknown>]>([
    [
      "deliver_sm",
      { command: "deliver_sm", body: message({ ...words("Hello"), esmClass: 4, registeredDelivery: 1 }) },
      { source_addr: "447700900456", dest_addr_ton: 1, esm_class: 4, short_message: { message: "Hello" } },
    ],
    [
      "a message_payload",
      {
        command: "deliver_sm",
        body: message({ shortMessage: Buffer.alloc(0), tlvs: [tlv("message_payload", Buffer.from("abc"))] }),
      },
      { message_payload: { message: "abc" } },
    ],
    [
      "bind_transceiver",
      {
        command: "bind_transceiver",
        body: {
          systemId: "daybook",
          password: "secret",
          systemType: "cp",
          interfaceVersion: 0x34,
          range: { ton: 0, npi: 0, address: "" },
        },
      },
      { system_id: "daybook", password: "secret", system_type: "cp", interface_version: 0x34 },
    ],
    [
      "submit_sm_resp",
      { command: "submit_sm_resp", body: { messageId: "49d7e96a", tlvs: [] } },
      { message_id: "49d7e96a" },
    ],
  ])("writes %s as another reads it", (_name, command, expected) => {
    const read = PDU.fromBuffer(encodePdu({ ...command, status: 0, sequence: 42 }));
    expect(read).toMatchObject({ ...expected, command: command.command, sequence_number: 42 });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      "deliver_sm",
      {
        source_addr: "447700900456",
        destination_addr: "447700900123",
        data_coding: 8,
        short_message: { message: "Łódź \u{1f6a2}" },
      },
      {
        source: { address: "447700900456" },
        dataCoding: 8,
        shortMessage: words("Łódź \u{1f6a2}").shortMessage,
      },
    ],
    [
      "submit_sm",
      {
        destination_addr: "447700900456",
        registered_delivery: 1,
        short_message: Buffer.from([1, 2]),
        user_message_reference: 7,
      },
      { registeredDelivery: 1, shortMessage: Buffer.from([1, 2]), tlvs: [tlv(0x0204, Buffer.from([0, 7]))] },
    ],
    [
      "data_sm",
      { source_addr: "447700900456", message_payload: Buffer.from("abc") },
      { source: { address: "447700900456" }, tlvs: [tlv("message_payload", Buffer.from("abc"))] },
    ],
    [
      "bind_transceiver_resp",
      { system_id: "smsc", sc_interface_version: 0x34 },
      { systemId: "smsc", tlvs: [tlv(0x0210, Buffer.from([0x34]))] },
    ],
    ["deliver_sm_resp", { message_id: "" }, { messageId: "", tlvs: [] }],
  ])("reads %s as another wrote it", (command, fields, body) => {
    const bytes = new PDU(command, { ...fields, sequence_number: 7 }).toBuffer();
    const read = decodePdu(bytes);
    expect(read).toMatchObject({ command, sequence: 7, body });
    expect(encodePdu(read)).toEqual(bytes);
  });

  it("has the bare PDUs that another has", () => {
    expect(enquire(9)).toEqual(new PDU("enquire_link", { sequence_number: 9 }).toBuffer());
  });
});
