import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Event } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import { compareCdr } from "../src/cdr/compare.ts";
import { Noted } from "../src/cdr/noted.ts";
import { Numbers } from "../src/reading/sides.ts";
import { openState } from "../src/state.ts";
import { FERGUS, message, OFFICIAL, words } from "./fixtures/pdus.ts";
import {
  alerts,
  at,
  come,
  compared,
  drop,
  evidence,
  gaps,
  office,
  row,
  until,
} from "./support/cdr-office.ts";
import { ACCOUNT, CUSTODIAN } from "./support/office.ts";

const DAY_MS = 24 * 3_600_000;
const zoned = (local: string) => Date.parse(`${local}+01:00`);
const said = (of: { readonly logged: unknown[] }) => JSON.stringify(of.logged);

describe("files of an aggregator's own records", () => {
  it("lose no row to a quotation mark in a text", async () => {
    const of = await office();
    await come(of, "08:30:00");
    of.clock.now = at("12:00:00");
    const head = "Message Id;From;To;Submitted;Text;Type";
    const text = (time: string, words: string) => row(time).replace(/;MO$/, `;${words};MO`);
    drop(
      of,
      [text("08:30:00", 'a 4" pipe'), text("09:10:00", '6" and'), text("10:10:00", "")],
      "one.csv",
      head,
    );
    await compared(of);
    expect(gaps(of).map(({ event }) => event.gap?.from?.slice(11, 13))).toEqual(["09", "10"]);
  });

  it("are refused where something stands after a mark that closes", async () => {
    const of = await office();
    of.clock.now = at("12:00:00");
    drop(of, [row("09:10:00").replace(`"${OFFICIAL}"`, `"${OFFICIAL}" or so`)]);
    await until(() => alerts(of).includes("cdr-unreadable"));
    expect(said(of)).toContain("line 2 has something after");
  });

  it("are named by the line on which a row begins, whatever lines a text has before", async () => {
    const of = await office();
    of.clock.now = at("12:00:00");
    const head = "Message Id;From;To;Submitted;Text;Type";
    drop(of, [row("09:10:00").replace(/;MO$/, ';"Dear\nall";MO'), "1;2;3"], "one.csv", head);
    await until(() => alerts(of).includes("cdr-unreadable"));
    expect(said(of)).toContain("line 4 has not as many columns");
  });

  it("are refused where they are more than is held of them", async () => {
    const numbers = new Numbers([{ number: ACCOUNT, custodian: CUSTODIAN }], "GB");
    const fields = ["x".repeat(60_000)];
    async function* rows() {
      for (let n = 0; n < 1_200; n += 1)
        yield { from: FERGUS, to: OFFICIAL, at: at("09:00:00"), id: String(n), fields };
      await Promise.resolve();
    }
    const noted = new Noted(openState(":memory:", Buffer.alloc(32, 7), () => new Date()));
    const options = { numbers, own: new Set([ACCOUNT]), noted, since: 0, keepsMs: 0, now: at("12:00:00") };
    await expect(compareCdr(rows(), () => "", options)).rejects.toThrow("more than 64 MiB");
  });

  it("are read again without having changed where the system did not give them", async () => {
    const of = await office();
    await come(of, "08:30:00");
    of.clock.now = at("12:00:00");
    const [here, away] = ["two.csv", ".two.csv"].map((name) => join(of.dir, "cdr-later", name)) as [
      string,
      string,
    ];
    const dir = dirname(here);
    mkdirSync(dir);
    const cdr = { ...of.cdr, dir };
    drop({ ...of, cdr }, [row("08:30:00")], "one.csv");
    drop({ ...of, cdr }, [row("09:10:00")], "two.csv");
    // It is listed, and gone when its turn comes; it is back when that is told.
    let isTold = false;
    const error = () => {
      if (existsSync(away)) renameSync(away, here);
      isTold = true;
    };
    const instantOf = (local: string) => {
      if (!isTold) renameSync(here, away);
      return zoned(local);
    };
    const none = () => undefined;
    await of.restart({
      ...{ cdr: { ...cdr, instantOf }, log: { info: none, warn: none, error } },
      now: () => new Date(of.clock.now),
    });
    await until(() => gaps(of).length > 0);
    expect(isTold).toBe(true);
  });

  it("are not read again after a restart, and their age is told by when the last was compared", async () => {
    const of = await office();
    await come(of, "09:00:00");
    of.clock.now = at("12:00:00");
    drop(of, [row("09:00:00")]);
    await compared(of);
    const reads: string[] = [];
    const instantOf = (local: string) => {
      reads.push(local);
      return zoned(local);
    };
    of.clock.now += 4 * DAY_MS;
    const again = {
      ...of,
      ...(await of.restart({ cdr: { ...of.cdr, instantOf }, now: () => new Date(of.clock.now) })),
    };
    await until(() => alerts(again).includes("cdr-behind"));
    drop(again, [row("22:00:00")], "new.csv");
    await until(() => !alerts(again).includes("cdr-behind"));
    expect(reads).toEqual(["2026-03-04T23:00:00"]);
  });

  it("keep the alert where the next of the same look agrees", async () => {
    const of = await office();
    await come(of, "09:00:00");
    of.clock.now = at("12:00:00");
    const isHeld = of.restart({ cdr: { ...of.cdr, everyMs: 3_600_000 }, now: () => new Date(of.clock.now) });
    drop(of, [row("09:10:00"), row("09:20:00")], "one.csv");
    drop(of, [row("09:00:00")], "two.csv");
    const again = { ...of, ...(await isHeld) };
    await until(() => said(again).split("was compared").length === 3);
    expect(alerts(again)).toEqual(["cdr-incomplete"]);
  });

  it("keep the alert where the same comes once more, under another name", async () => {
    const of = await office();
    await come(of, "09:00:00");
    of.clock.now = at("12:00:00");
    const rows = [row("09:10:00")];
    drop(of, rows);
    await until(() => alerts(of).join() === "cdr-incomplete");
    drop(of, rows, "again.csv");
    await until(() => said(of).split("was compared").length === 3);
    await come(of, "12:00:01");
    expect(alerts(of)).toEqual(["cdr-incomplete"]);
    drop(of, [row("12:00:01")], "next.csv");
    await until(() => alerts(of).length === 0);
  });

  it("say how many of their rows counted", async () => {
    const of = await office();
    await come(of, "09:00:00");
    of.clock.now = at("12:00:00");
    const others = [row("09:00:00", { to: "15550009000" }), row("07:00:00")];
    drop(of, [row("09:00:00"), row("09:00:00", { type: "mo" }), ...others]);
    await until(() => said(of).includes("was compared"));
    expect(said(of)).toContain('{"messages":1,"others":2}');
  });

  it("do not tell of a time at which they were not set, of which nothing is noted", async () => {
    const of = await office();
    await come(of, "09:00:00");
    const without = await of.restart({ now: () => new Date(of.clock.now), cdr: undefined });
    of.clock.now = at("10:00:00");
    await without.smsc.store(message(words("Unnoted")));
    of.clock.now = at("10:30:00");
    const again = {
      ...of,
      ...(await without.restart({ relay: [ACCOUNT], now: () => new Date(of.clock.now), cdr: of.cdr })),
    };
    of.clock.now = at("12:00:00");
    drop(again, [row("10:00:00")]);
    await compared(again);
    expect(gaps(again)).toEqual([]);
  });

  it("that each tell of a piece of one hour are each a gap, and once where they tell the same", async () => {
    const of = await office();
    await come(of, "08:30:00");
    of.clock.now = at("12:00:00");
    const [first, second] = [row("09:10:00"), row("09:20:00")];
    drop(of, [first], "a.csv");
    drop(of, [second], "b.csv");
    drop(of, [second, row("09:25:00", { type: "DLR" })], "c.csv");
    await compared(of);
    const missing = gaps(of).map((gap) => evidence(gap).rows.map(([id]) => id));
    expect(missing).toEqual([first, second].map((one) => [one.split(";")[0]]));
  });

  it("count what came to a number after the last row of its own, where they go on", async () => {
    const second = "447700900124";
    const numbers = [ACCOUNT, `+${second}`].map((number) => ({ number, custodian: CUSTODIAN }));
    const of = await office({ numbers });
    await come(of, "11:00:00");
    of.clock.now = at("12:00:00");
    drop(of, [
      row("09:10:00"),
      row("11:30:00", { to: second, type: "DLR" }),
      row("11:30:00", { to: "15550009000" }),
    ]);
    await compared(of);
    expect(gaps(of)).toEqual([]);
  });

  it("that never come are an alert after three days, however often it is started again", async () => {
    let of = await office();
    await until(() => existsSync(of.cdr.dir));
    for (let n = 0; n < 2; n += 1) {
      of.clock.now += 2 * DAY_MS;
      of = { ...of, ...(await of.restart({ cdr: of.cdr, now: () => new Date(of.clock.now) })) };
    }
    expect(alerts(of)).toContain("cdr-behind");
  });

  it("do not keep others waiting while they are compared", async () => {
    const all = Array.from({ length: 50 }, (_, n) => `+4477009001${String(n).padStart(2, "0")}`);
    const numbers = new Numbers(
      all.map((number) => ({ number, custodian: CUSTODIAN })),
      "GB",
    );
    async function* rows() {
      for (const to of all) yield { from: FERGUS, to, at: at("09:00:00"), id: undefined, fields: [] };
      await Promise.resolve();
    }
    const noted = new Noted(openState(":memory:", Buffer.alloc(32, 7), () => new Date()));
    const options = { numbers, own: new Set(all), noted, since: 0, keepsMs: 0, now: at("12:00:00") };
    let turns = 0;
    const turn = () => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    expect((await compareCdr(rows(), () => "", options)).gaps).toHaveLength(50);
    clearImmediate(next);
    expect(turns).toBeGreaterThan(40);
  });

  it("are not read to their end when the connector is to stop", async () => {
    const of = await office();
    await come(of, "08:30:00");
    of.clock.now = at("12:00:00");
    drop(
      of,
      Array.from({ length: 4_000 }, () => row("08:30:00")),
    );
    let stopped: ReturnType<typeof of.restart> | undefined;
    let reads = 0;
    const instantOf = (local: string) => {
      reads += 1;
      stopped ??= again.restart({ cdr: undefined });
      return zoned(local);
    };
    const cdr = { ...of.cdr, instantOf };
    const again = await of.restart({ cdr, now: () => new Date(of.clock.now) });
    await until(() => stopped !== undefined);
    await stopped;
    expect(reads).toBeLessThan(4_000);
  });

  it("say nothing of whom scope leaves out, though it did not come", async () => {
    const PRIVATE = "447700900457";
    class Scoped extends RecordingSink {
      excludes = ({ conversation }: Pick<Event, "conversation">) =>
        Promise.resolve(conversation?.id === `+${PRIVATE}`);
    }
    const of = await office({ sink: new Scoped() });
    await come(of, "08:30:00");
    of.clock.now = at("12:00:00");
    const [lost, left] = [row("09:10:00"), row("09:20:00", { from: PRIVATE })];
    drop(of, [lost, left, row("10:20:00", { from: OFFICIAL, to: PRIVATE, type: "MT" })]);
    await compared(of);
    const [gap, ...others] = gaps(of);
    expect(others).toEqual([]);
    expect(gap?.event.gap?.why).toContain("of which 1 was not");
    expect(evidence(gap!).rows).toHaveLength(1);
    expect(JSON.stringify(evidence(gap!))).not.toContain(PRIVATE);
  });
});
