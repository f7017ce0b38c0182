import { type PartSet, PartSets } from "../src/intake/sets.ts";
import { readPart } from "../src/reading/part.ts";
import { encodePdu, STATUS } from "../src/smpp/index.ts";
import { openState } from "../src/state.ts";
import { deliver, international, message, part, tlv, words } from "./fixtures/pdus.ts";
import { openOffice } from "./support/office.ts";

const DAY_MS = 86_400_000;
const WAP_PUSH = 2_948;
const piece = (text: string, of: { reference: number; total: number; number: number; wide?: boolean }) =>
  message(part(Buffer.from(text), of));

describe("SMS from somebody who means harm", () => {
  it("keeps every part of a message whose total changes", async () => {
    let at = Date.now();
    const { smsc, heard } = await openOffice({ now: () => new Date(at), beatMs: 5 });
    await smsc.deliver(piece("one ", { reference: 9, total: 2, number: 1 }));
    await smsc.deliver(piece("other", { reference: 9, total: 3, number: 2 }));
    await smsc.deliver(piece("two", { reference: 9, total: 2, number: 2 }));
    await heard(1);
    at += DAY_MS + 1;
    const [whole, cut, gap] = await heard(3);
    expect(whole?.event.text).toBe("one two");
    expect(cut?.event.text).toBe("[part 1 of 3 is missing]other[part 3 of 3 is missing]");
    expect(gap?.event.kind).toBe("gap");
  });

  it("keeps each of 10,000 messages of one sender that are never whole, and holds a hundred of them", async () => {
    let at = Date.now();
    const { smsc, heard } = await openOffice({ now: () => new Date(at), beatMs: 20 });
    const count = 10_000;
    const answers = await Promise.all(
      Array.from({ length: count }, (_, reference) =>
        smsc.deliver(piece("x", { reference, total: 2, number: 1, wide: true })),
      ),
    );
    expect(new Set(answers)).toEqual(new Set([STATUS.ok]));
    await heard(2 * (count - 100));
    at += DAY_MS + 1;
    const messages = (await heard(2 * count)).filter(({ event }) => event.kind === "message");
    expect(new Set(messages.map(({ event }) => event.networkId)).size).toBe(count);
  }, 120_000);

  it("keeps each of 10,100 messages of as many senders that are never whole", async () => {
    let at = Date.now();
    const { smsc, heard } = await openOffice({ now: () => new Date(at), beatMs: 20 });
    const count = 10_100;
    await Promise.all(
      Array.from({ length: count }, (_, n) =>
        smsc.deliver({
          ...piece("x", { reference: 1, total: 2, number: 1 }),
          source: international(String(447_700_000_000 + n)),
        }),
      ),
    );
    await heard(2 * 100);
    at += DAY_MS + 1;
    const events = await heard(2 * count);
    const senders = events.map(({ event }) => event.sender?.id);
    expect(new Set(senders).size).toBe(count);
  }, 120_000);

  it("holds no more bytes than it has room for, of messages that are never whole, and loses none", () => {
    const state = openState(":memory:", Buffer.alloc(32, 7), () => new Date());
    const sets = new PartSets(state, "gsm");
    const tlvs = [tlv(0x1400, Buffer.alloc(3_800))];
    const evicted = new Set<PartSet>();
    const held = new Set<PartSet>();
    let count = 0;
    for (let n = 0; n < 80; n += 1)
      for (let number = 1; number < 255; number += 1) {
        const place = { reference: n, width: 8 as const, total: 255, number };
        const raw = deliver({ ...piece("x", place), tlvs });
        const heard = { raw, digest: `${n} ${number}`, token: `${n} ${number}`, at: n };
        const added = sets.add(heard, readPart(raw, "gsm"), place, `sender ${n}`);
        held.add(added.set);
        for (const one of added.evicted) if (held.delete(one)) evicted.add(one);
        count += 1;
      }
    const sizeOf = (all: Iterable<PartSet>) =>
      [...all].flatMap(({ parts }) => [...parts.values()]).reduce((sum, { raw }) => sum + raw.length, 0);
    expect(sizeOf(held)).toBeLessThan(64 * 1024 * 1024);
    expect(held.size).toBeGreaterThan(10);
    expect([...held, ...evicted].reduce((sum, { parts }) => sum + parts.size, 0)).toBe(count);
    state.close();
  });

  it("has a push to an application as a notice with its bytes, and no message", async () => {
    const { smsc, heard } = await openOffice();
    const push = Buffer.from("\u0001\u0006http://sms.example/\u0000", "latin1");
    const header = Buffer.from([6, 5, 4, WAP_PUSH >> 8, WAP_PUSH & 0xff, 0x23, 0xf0]);
    const shortMessage = Buffer.concat([header, push]);
    await smsc.deliver(message({ esmClass: 0x40, dataCoding: 0xf5, shortMessage }));
    const [notice] = await heard(1);
    expect(notice?.event).toMatchObject({
      kind: "notice",
      text: `A binary message of ${push.length} bytes to an application's port ${WAP_PUSH}: its bytes are kept`,
    });
    expect(Buffer.from(notice!.event.raw, "base64").includes(push)).toBe(true);
  });

  it("leaves a second answer to the bind alone, whatever it says", async () => {
    const { smsc, heard } = await openOffice();
    const again = (status: number) =>
      encodePdu({ command: "bind_transceiver_resp", status, sequence: 1, body: undefined });
    await smsc.write(Buffer.concat([again(STATUS.ok), again(STATUS.alreadyBound)]));
    expect(await smsc.deliver(message(words("Still here")))).toBe(STATUS.ok);
    expect((await heard(1))[0]?.event.text).toBe("Still here");
    expect(smsc.binds).toBe(1);
  });
});
