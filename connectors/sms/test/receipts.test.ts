import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPart } from "../src/reading/part.ts";
import { readReceipt } from "../src/reading/receipt.ts";
import { Receipts, type SentPart } from "../src/sending/receipts.ts";
import { openState, type SmsState } from "../src/state.ts";
import { deliver, FERGUS, OFFICIAL, tlv } from "./fixtures/pdus.ts";

const SIDES = {
  account: `+${OFFICIAL}`,
  conversation: { id: `+${FERGUS}`, title: "", kind: "direct" as const },
};
const OTHERS = { ...SIDES, conversation: { ...SIDES.conversation, id: "+447700900789" } };

let dir: string;
let state: SmsState;
let receipts: Receipts;
const reopen = () => {
  state = openState(join(dir, "state"), Buffer.alloc(32, 7), () => new Date());
  receipts = new Receipts(state);
};
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "sms-receipts-"));
  reopen();
});
afterEach(() => {
  state.close();
  rmSync(dir, { recursive: true, force: true });
});

const sent = (id: string, target = "smpp:sent:1", more: Partial<SentPart> = {}) =>
  receipts.remember({
    ...{ target, id, part: 1, parts: 1 },
    ...{ account: SIDES.account, conversation: SIDES.conversation.id },
    ...more,
  });
const says = (id: string, stat = "DELIVRD") => `id:${id} sub:001 dlvrd:001 stat:${stat} err:000 text:Hello`;
/** What a receipt with these words says. */
const read = (text: string, more: Parameters<typeof deliver>[0] = {}, sides: typeof SIDES = SIDES) =>
  receipts.read(
    readReceipt(readPart(deliver({ esmClass: 4, shortMessage: Buffer.from(text), ...more }), "gsm")),
    sides,
  );

/** Eight septets in seven bytes. */
function packed(septets: Buffer): Buffer {
  const bits = [...septets].map((one) => one.toString(2).padStart(7, "0")).reverse();
  const all = bits.join("").padStart(Math.ceil((septets.length * 7) / 8) * 8, "0");
  return Buffer.from((all.match(/.{8}/g) ?? []).map((one) => Number.parseInt(one, 2)).reverse());
}

describe("a receipt over SMPP", () => {
  it.each([
    ["as it was given", "49d7e96a", "49d7e96a"],
    ["in decimal, as jSMPP's simulator has it", "49d7e96a", "1238886762"],
    ["in hexadecimal where it was given in decimal", "1238886762", "49D7E96A"],
    ["in capitals", "49d7e96a", "49D7E96A"],
    ["without the zeros before it", "000049d7e96a", "49d7e96a"],
    ["with zeros before it", "1238886762", "00001238886762"],
    ["in decimal with zeros before it", "0049D7E96A", "01238886762"],
    ["that is no number", "c0ffee-1", "C0FFEE-1"],
  ])("finds its message by an id %s", async (_name, given, receipted) => {
    await sent(given);
    expect(read(says(receipted))).toEqual({ target: "smpp:sent:1", text: "delivered" });
  });

  it("names the id as it is written where no message of ours has it", async () => {
    await sent("49d7e96a");
    expect(read(says("0004711"))).toEqual({ target: "0004711", text: "delivered" });
  });

  it("has receipted_message_id before what its words say, with a NUL that stands within", async () => {
    await sent("ab\0cd", "smpp:sent:nul");
    await sent("4711", "smpp:sent:words");
    const id = tlv("receipted_message_id", Buffer.from("ab\0cd\0"));
    expect(read(says("4711"), { tlvs: [id] }).target).toBe("smpp:sent:nul");
    const strange = tlv("receipted_message_id", Buffer.from("ef\0gh\0"));
    expect(read("stat:DELIVRD", { tlvs: [strange] }).target).toBe("ef\0gh");
  });

  it("is read as ASCII where it says it is UTF-16", async () => {
    await sent("4711");
    expect(read(says("4711", "UNDELIV"), { dataCoding: 8 })).toEqual({
      target: "smpp:sent:1",
      text: "undeliverable",
    });
  });

  it("is read as ASCII where texts come packed, and as they do where it is packed itself", async () => {
    await sent("4711");
    const receipted = (shortMessage: Buffer) =>
      receipts.read(readReceipt(readPart(deliver({ esmClass: 4, shortMessage }), "gsm-packed")), SIDES);
    const words = Buffer.from(says("4711"));
    for (const bytes of [words, packed(words)])
      expect(receipted(bytes)).toEqual({ target: "smpp:sent:1", text: "delivered" });
  });

  it("is nobody's where its id could be two messages' to the same person", async () => {
    await sent("10", "smpp:sent:hex");
    await sent("16", "smpp:sent:decimal");
    expect(read(says("16")).target).toBe("16");
  });

  it("is by its number where its id could be two people's", async () => {
    await sent("10", "smpp:sent:hex");
    await sent("16", "smpp:sent:decimal", { conversation: OTHERS.conversation.id });
    expect(read(says("16")).target).toBe("smpp:sent:hex");
    expect(read(says("16"), {}, OTHERS).target).toBe("smpp:sent:decimal");
  });

  it("is not another number's by the other form of its id, and is by the id itself", async () => {
    await sent("49d7e96a");
    expect(read(says("1238886762"), {}, OTHERS).target).toBe("1238886762");
    expect(read(says("49d7e96a"), {}, OTHERS).target).toBe("smpp:sent:1");
  });

  it("says of a message in parts that it is delivered when every part is, also after a restart", async () => {
    const ids = ["a1", "a2", "a3"];
    for (const [n, id] of ids.entries()) await sent(id, "smpp:sent:long", { part: n + 1, parts: 3 });
    const said = (id: string, stat?: string) => read(says(id, stat)).text;
    expect(said("a3")).toBe("part 3 of 3: delivered");
    expect(said("a1", "ENROUTE")).toBe("part 1 of 3: on its way");
    expect(said("a1")).toBe("part 1 of 3: delivered");
    await state.write(receipts.changes);
    receipts.written();
    expect(receipts.changes).toEqual([]);
    state.close();
    reopen();
    expect(said("a1")).toBe("part 1 of 3: delivered");
    expect(said("a2")).toBe("delivered: all 3 parts");
    // Delivered again, for its answer was lost.
    expect(said("a2")).toBe("delivered: all 3 parts");
  });

  it("forgets what was sent long ago", async () => {
    await sent("4711");
    receipts.forget(Date.now() + 1_000);
    expect(read(says("4711")).target).toBe("4711");
  });
});
