import { type Captured, ConnectorError } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { StateFile } from "@daybook/keeping";
import { jest } from "@jest/globals";
import type { SmsState } from "../src/state.ts";
import { message, part, words } from "./fixtures/pdus.ts";
import { openOffice, records } from "./support/office.ts";

const yes = message(words("Yes"));
const piece = (number: number, text: string, of: { reference?: number; total?: number } = {}) =>
  message(part(Buffer.from(text), { reference: of.reference ?? 9, total: of.total ?? 2, number }));

describe("SMS that is delivered again", () => {
  it("is one record where the answer may not have arrived, and two where it had", async () => {
    // Nobody is asked whether an answer arrived.
    const office = await openOffice({ settleMs: 3_600_000, enquireMs: 3_600_000 });
    const { smsc } = office;
    await smsc.deliver(yes);
    smsc.drop();
    await smsc.boundTimes(2);
    await smsc.deliver(yes);
    expect(records(await office.heard(2))).toHaveLength(1);

    // The first was a redelivery; this is another message.
    await smsc.deliver(yes);
    expect(records(await office.heard(3))).toHaveLength(2);
    await office.close();
  });

  it("is one record where its session ended before its turn came", async () => {
    const held: PromiseWithResolvers<void> = Promise.withResolvers();
    const begun: PromiseWithResolvers<void> = Promise.withResolvers();
    class Slow extends RecordingSink {
      override async capture(events: readonly Captured[]): Promise<void> {
        if (events.some(({ event }) => event.text === "Before")) {
          begun.resolve();
          await held.promise;
        }
        return super.capture(events);
      }
    }
    const { smsc, heard } = await openOffice({ sink: new Slow() });
    const unanswered = [smsc.deliver(message(words("Before")))];
    await begun.promise;
    unanswered.push(smsc.deliver(yes), smsc.deliver(yes));
    // Read by the time that what stands behind them is answered.
    await smsc.write(Buffer.from("0000001000000015000000000000ffff", "hex"));
    while (!smsc.received.some(({ sequence }) => sequence === 0xffff))
      await new Promise((resolve) => setTimeout(resolve, 2));
    smsc.drop();
    await smsc.boundTimes(2);
    held.resolve();
    await Promise.all(unanswered);
    for (const body of [message(words("Before")), yes, yes]) await smsc.store(body);
    expect(records(await heard(6)).map(({ event }) => event.text)).toEqual(["Before", "Yes", "Yes"]);
  });

  it("is another message once the other side is known to have the answer", async () => {
    const { smsc, heard } = await openOffice();
    await smsc.deliver(yes);
    while (smsc.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    // An answer to what follows an enquire_link's is later than that.
    const asked = smsc.received.length;
    while (smsc.received.length === asked) {
      await smsc.deliver(message(words("Between")));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    smsc.drop();
    await smsc.boundTimes(2);
    await smsc.deliver(yes);
    const equal = records(await heard(3)).filter(({ event }) => event.text === "Yes");
    expect(equal).toHaveLength(2);
  });

  it("is another message when so long has passed that nobody delivers again", async () => {
    let at = Date.now();
    const { smsc, heard } = await openOffice({
      ...{ settleMs: 3_600_000, enquireMs: 3_600_000, redeliveryMs: 60_000 },
      now: () => new Date(at),
    });
    await smsc.deliver(yes);
    smsc.drop();
    await smsc.boundTimes(2);
    await smsc.deliver(message(words("Between")));
    at += 60_001;
    await smsc.deliver(yes);
    expect(records(await heard(3))).toHaveLength(3);
  });

  it("is known after a restart, in order or not", async () => {
    const first = await openOffice({ settleMs: 3_600_000, enquireMs: 3_600_000, answerMs: 2_000 });
    await first.smsc.deliver(yes);
    await first.smsc.deliver(piece(1, "The pier "));
    // Neither the unbind is answered: it is not known whether the answers arrived.
    first.smsc.isSilent = true;
    const again = await first.restart();
    first.smsc.isSilent = false;
    await again.smsc.boundTimes(2);
    await again.smsc.deliver(piece(2, "is closed"));
    await again.smsc.deliver(piece(1, "The pier "));
    await again.smsc.deliver(yes);
    await again.heard(3);
    const texts = records(again.events()).map(({ event }) => event.text);
    expect(texts.sort()).toEqual(["The pier is closed", "Yes"]);
  });
});

describe("SMS in parts", () => {
  it("loses no part that the disk did not take at first, where it takes others and then nobody is there", async () => {
    const office = await openOffice();
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { write } = StateFile.prototype as unknown as SmsState;
    const spy = jest.spyOn(StateFile.prototype as unknown as SmsState, "write");
    let isLost = false;
    spy.mockImplementation(function (this: SmsState, changes) {
      if (isLost || !changes.some(({ kind }) => kind === "part")) return write.call(this, changes);
      isLost = true;
      return Promise.reject(new ConnectorError("store-unavailable", "injected: lost"));
    });
    expect(await office.smsc.deliver(piece(1, "The pier "))).not.toBe(0);
    spy.mockRestore();
    await office.smsc.store(yes);
    const { smsc, events } = await office.restart();
    for (const one of [piece(1, "The pier "), piece(2, "is closed")]) await smsc.store(one);
    expect(records(events()).map(({ event }) => event.text)).toEqual(["Yes", "The pier is closed"]);
  });

  it("is recorded as it stands with a gap when a part never comes", async () => {
    let at = Date.now();
    const { smsc, heard } = await openOffice({
      now: () => new Date(at),
      incompleteMs: 86_400_000,
      beatMs: 5,
    });
    await smsc.deliver(piece(1, "The first ", { total: 3 }));
    await smsc.deliver(piece(3, " the last", { total: 3 }));
    at += 86_400_001;
    const [said, gap] = await heard(2);
    expect(said?.event.text).toBe("The first [part 2 of 3 is missing] the last");
    expect(gap?.event).toMatchObject({
      kind: "gap",
      gap: { why: "1 of the 3 parts of this message never came", about: said?.event.networkId },
    });
  });

  it("is the next message's where a reference is used again", async () => {
    const { smsc, heard } = await openOffice();
    await smsc.deliver(piece(1, "one "));
    // The first message's second part is late: another has begun under the same reference.
    await smsc.deliver(piece(1, "two "));
    await smsc.deliver(piece(2, "and two"));
    await smsc.deliver(piece(2, "and one"));
    expect((await heard(2)).map(({ event }) => event.text)).toEqual(["two and two", "one and one"]);
  });

  it("bounds how many wait from one sender, and loses none", async () => {
    const { smsc, heard } = await openOffice();
    await Promise.all(
      Array.from({ length: 255 }, (_, n) =>
        smsc.deliver(piece(1, `text ${n}`, { reference: 1, total: 255 })),
      ),
    );
    const all = await heard(2 * (255 - 100));
    expect(all.filter(({ event }) => event.kind === "message")).toHaveLength(155);
  });
});
