import { mkdirSync, rmSync } from "node:fs";
import { type Captured, ConnectorError } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { StateFile } from "@daybook/keeping";
import { jest } from "@jest/globals";
import type { SmsState } from "../src/state.ts";
import { FERGUS, message, OFFICIAL, part, words } from "./fixtures/pdus.ts";
import {
  alerts,
  at,
  come,
  compared,
  DAY,
  drop,
  evidence,
  gaps,
  HEAD,
  office,
  row,
  until,
} from "./support/cdr-office.ts";
import { ACCOUNT, CUSTODIAN } from "./support/office.ts";
import { outbound } from "./support/outbound.ts";

describe("an aggregator's own records", () => {
  it("that agree with what came say nothing, parts, answers, receipts and tests of clocks included", async () => {
    const of = await office();
    await come(of, "09:00:00");
    await come(of, "09:00:10");
    for (const number of [1, 2])
      await of.smsc.store(message(part(Buffer.from("When? "), { reference: 4, total: 2, number })));
    of.clock.now = at("09:59:59");
    expect(await of.connector.relay!.send(outbound(), new AbortController().signal)).toMatchObject({
      state: "sent",
    });
    await of.smsc.store(
      message({ esmClass: 4, shortMessage: Buffer.from("id:1 stat:DELIVRD err:000 text:") }),
    );
    of.clock.now = at("12:00:00");
    drop(of, [
      ...[row("09:00:01"), row("08:59:40"), row("09:00:10"), row("09:00:10")],
      // Its clock is a little ahead, in another hour.
      row("10:00:20", { from: OFFICIAL, to: FERGUS, type: "MT" }),
      ...[row("09:30:00", { type: "DLR" }), row("09:30:00", { to: "15550009000" })],
    ]);
    await compared(of);
    expect(gaps(of)).toEqual([]);
  });

  it("that have more are a gap of that number and hour, with both counts, the file's digest and the rows", async () => {
    const of = await office();
    await come(of, "09:00:00");
    await come(of, "11:00:00");
    of.clock.now = at("12:00:00");
    const lost = row("09:10:00");
    const digest = drop(of, [row("09:00:00"), lost, row("11:00:00")]);
    await until(() => gaps(of).length > 0);
    const [gap, ...others] = gaps(of);
    expect(others).toEqual([]);
    expect(gap?.event).toMatchObject({
      ...{ account: ACCOUNT, custodian: CUSTODIAN, network: "sms", method: "carrier" },
      gap: {
        ...{ from: `${DAY}T09:00:00.000Z`, to: `${DAY}T10:00:00.000Z` },
        why: "The provider has 2 messages of this interval, of which 1 was not captured",
      },
    });
    expect(evidence(gap!)).toMatchObject({
      file: `sha256:${digest}`,
      rows: [lost.replaceAll('"', "").split(";")],
    });
    await until(() => alerts(of).join() === "cdr-incomplete");
    expect(JSON.stringify(of.logged)).not.toMatch(new RegExp(`${FERGUS}|${OFFICIAL}`));
  });

  it("count what came later than they say, after an outage", async () => {
    const of = await office();
    for (const time of ["13:00:00", "13:00:01", "14:00:00"]) await come(of, time);
    of.clock.now = at("15:00:00");
    drop(of, [row("09:10:00"), row("09:20:00"), row("14:00:00")]);
    await compared(of);
    expect(gaps(of)).toEqual([]);
  });

  it("are compared once, also under another name, over a restart, and where the record was lost or kept unanswered", async () => {
    class Unsteady extends RecordingSink {
      faults = ["lost", "kept"];
      override async capture(events: readonly Captured[]): Promise<void> {
        const fault = events.some(({ event }) => event.kind === "gap") ? this.faults.shift() : undefined;
        if (fault !== "lost") await super.capture(events);
        if (fault !== undefined) await new RecordingSink({ failures: 1 }).capture(events);
      }
    }
    const sink = new Unsteady();
    const of = await office({ sink });
    await come(of, "09:00:00");
    of.clock.now = at("12:00:00");
    const rows = [row("09:10:00")];
    drop(of, rows);
    await until(() => sink.faults.length === 0 && alerts(of).length > 0);
    expect(gaps(of)).toHaveLength(1);
    drop(of, rows, "again.csv");
    await compared(of);
    const again = { ...of, ...(await of.restart({ cdr: of.cdr, now: () => new Date(of.clock.now) })) };
    await compared(again, "21:00:00");
    expect(gaps(of)).toHaveLength(1);
  });

  it.each([
    ["has no such column", "Id;From;To;Submitted;Type", [], "column"],
    ["is empty", "", [], "empty"],
    ["has a time of another form", HEAD, ["1;2;3;2026-03-04T09:00:00;MO"], "line 3 has no time"],
    ["has a day that there is not", HEAD, ["1;2;3;30/02/2026 09:00:00;MO"], "line 3 has no time"],
    ["has a time to come", HEAD, ["1;2;3;05/03/2026 09:00:00;MO"], "still to come"],
    ["has a short row", HEAD, ["1;2;3"], "as many columns"],
    ["has a mark that is never closed", HEAD, ['1;"2;3;04/03/2026 09:00:00;MO'], "never closed"],
    ["has no line ends", HEAD, ["x".repeat(70_000)], "longer"],
  ])(
    "are refused as a whole where a file %s, and are compared when it is put right",
    async (_, head, rows, why) => {
      const of = await office();
      await come(of, "09:00:00");
      of.clock.now = at("12:00:00");
      drop(of, [row("09:10:00"), ...rows].slice(head === "" ? 1 : 0), "one.csv", head);
      await until(() => alerts(of).includes("cdr-unreadable"));
      expect(gaps(of)).toEqual([]);
      const said = JSON.stringify(of.logged);
      expect(said).toContain(why);
      expect(said).not.toMatch(new RegExp(`${FERGUS}|${OFFICIAL}|Submitted`));
      drop(of, [row("09:10:00")]);
      await until(() => alerts(of).join() === "cdr-incomplete");
      expect(gaps(of)).toHaveLength(1);
    },
  );

  it("that cannot be had, or do not come for days, are an alert", async () => {
    const of = await office();
    rmSync(of.cdr.dir, { recursive: true });
    await until(() => alerts(of).includes("cdr-unreadable"));
    mkdirSync(of.cdr.dir);
    await until(() => alerts(of).length === 0);
    of.clock.now += 4 * 24 * 3_600_000;
    await until(() => alerts(of).includes("cdr-behind"));
  });

  it("of six weeks ago are passed over, as nobody knows any more what came", async () => {
    const of = await office();
    await come(of, "09:00:00");
    of.clock.now += 43 * 24 * 3_600_000;
    drop(of, [row("09:10:00")]);
    const wednesday = new Date(of.clock.now).toISOString().slice(0, 10);
    drop(
      of,
      [`id-x;${FERGUS};${OFFICIAL};${wednesday.split("-").reverse().join("/")} 08:30:00;MO`],
      "zz.csv",
    );
    await until(() => gaps(of).length > 0);
    expect(gaps(of).map(({ event }) => event.gap?.from)).toEqual([`${wednesday}T07:00:00.000Z`]);
  });

  it("of numbers that come by another way are passed over, as all else is of them", async () => {
    const second = "447700900124";
    const numbers = [ACCOUNT, `+${second}`].map((number) => ({ number, custodian: CUSTODIAN }));
    const of = await office({ numbers, covers: [ACCOUNT] });
    of.clock.now = at("12:00:00");
    drop(of, [row("09:10:00", { to: second })]);
    await compared(of);
    expect(gaps(of)).toEqual([]);
    expect(of.connector.health().map(({ account }) => account)).toEqual([ACCOUNT]);
    // What comes to it all the same is its holder's.
    await of.smsc.store(message({ ...words("Hello"), destination: { ton: 1, npi: 1, address: second } }));
    expect(of.events().find(({ event }) => event.text === "Hello")?.event).toMatchObject({
      ...{ account: `+${second}`, custodian: CUSTODIAN },
    });
  });

  it("from before the first start are passed over", async () => {
    const of = await office();
    of.clock.now = at("12:00:00");
    drop(of, [row("07:00:00")]);
    await compared(of);
    expect(gaps(of)).toEqual([]);
  });

  it("of a message between two official numbers count for both ways that it passed", async () => {
    const second = "447700900124";
    const numbers = [ACCOUNT, `+${second}`].map((number) => ({ number, custodian: CUSTODIAN }));
    const of = await office({ numbers });
    await come(of, "08:30:00", "When?", second);
    of.clock.now = at("09:00:00");
    const asked = outbound({ conversation: `+${second}` });
    expect(await of.connector.relay!.send(asked, new AbortController().signal)).toMatchObject({
      state: "sent",
    });
    const destination = { ton: 1, npi: 1, address: second };
    await of.smsc.store(
      message({ ...words("At nine."), source: { ton: 1, npi: 1, address: OFFICIAL }, destination }),
    );
    of.clock.now = at("12:00:00");
    const sides = { from: OFFICIAL, to: second };
    drop(of, [
      row("08:30:00", { from: second }),
      row("09:00:00", { ...sides, type: "MT" }),
      row("09:00:00", sides),
    ]);
    await compared(of);
    expect(gaps(of)).toEqual([]);
  });

  it("count a part once that the disk did not take at first", async () => {
    const of = await office();
    await come(of, "09:00:00");
    // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
    const { write } = StateFile.prototype as unknown as SmsState;
    let isLost = false;
    const spy = jest.spyOn(StateFile.prototype as unknown as SmsState, "write");
    spy.mockImplementation(function (this: SmsState, changes) {
      if (isLost || !changes.some(({ kind }) => kind === "noted")) return write.call(this, changes);
      isLost = true;
      return Promise.reject(new ConnectorError("store-unavailable", "injected: lost"));
    });
    await come(of, "09:10:00");
    spy.mockRestore();
    expect(isLost).toBe(true);
    of.clock.now = at("12:00:00");
    drop(of, [row("09:10:00"), row("09:10:30")]);
    await until(() => gaps(of).length > 0);
    expect(gaps(of)[0]?.event.gap?.why).toContain("2 messages of this interval, of which 1 was");
  });
});
