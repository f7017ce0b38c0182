import type { ArchiveRecord } from "@daybook/archive-core";
import type { RecordRef } from "@daybook/catalogue";
import { listeningWithin } from "../src/matters/statement-listening.ts";

const HOUR_MS = 3_600_000;
const START = Date.parse("2026-01-01T00:00:00.000Z");
const at = (hour: number) => new Date(START + hour * HOUR_MS).toISOString();

type Told = { readonly state: "live" | "down"; readonly from: number; readonly account?: string };

/** Coverage of an hour each, in the order of its beginning, as the catalogue pages it and the archive opens it. */
function archiveOf(told: readonly Told[]) {
  let held = 0;
  const refs = told.map(({ from }, i) => ({ id: String(i), span: { from: at(from), to: at(from + 1) } }));
  return {
    most: () => held,
    catalogue: {
      async *listeningPages(_about: unknown, size: number) {
        for (let start = 0; start < refs.length; start += size)
          yield await Promise.resolve(refs.slice(start, start + size) as unknown as RecordRef[]);
      },
    },
    reading: {
      open: (page: readonly RecordRef[]) => {
        held = Math.max(held, page.length);
        return Promise.resolve(
          page.map(({ id }) => {
            const { state, from, account = "a" } = told[Number(id)]!;
            const coverage = { from: at(from), to: at(from + 1), state, excluded: 1 };
            return { network: "sms", account, coverage } as unknown as ArchiveRecord;
          }),
        );
      },
    },
  };
}

const everything = { from: null, to: null, custodians: null };

describe("what a statement says of listening", () => {
  it("is of all records, however many, of which one page is held at a time", async () => {
    const hours = Array.from({ length: 12_345 }, (_, from): Told => ({
      state: from === 7_000 ? "down" : "live",
      from,
    }));
    const archive = archiveOf(hours);
    const told = await listeningWithin(archive, everything);
    expect(told).toMatchObject({ read: 12_345, excluded: 12_345, whole: true, unreadFrom: null });
    expect(told.intervals).toMatchObject([
      { state: "live", from: at(0), to: at(7_000) },
      { state: "down", from: at(7_000), to: at(7_001) },
      { state: "live", from: at(7_001), to: at(12_345) },
    ]);
    expect(archive.most()).toBeLessThanOrEqual(2_000);
  });

  it("says from when on nothing was read, where there is more than is read or named", async () => {
    const hours = Array.from({ length: 10 }, (_, from): Told => ({ state: "live", from }));
    const few = await listeningWithin(archiveOf(hours), everything, { records: 4, intervals: 100 });
    expect(few).toMatchObject({ read: 4, whole: false, unreadFrom: at(4) });
    expect(few.intervals).toMatchObject([{ from: at(0), to: at(4) }]);
    const apart = hours.map((hour): Told => ({ ...hour, state: hour.from % 2 === 0 ? "live" : "down" }));
    const many = Array.from({ length: 300 }, () => apart).flatMap((of, i) =>
      of.map((one) => ({ ...one, from: one.from + i * 10 })),
    );
    const short = await listeningWithin(archiveOf(many), everything, { records: 5_000, intervals: 10 });
    expect(short).toMatchObject({ read: 2_000, whole: false, unreadFrom: at(2_000) });
  });

  it("joins what two links tell at one time each for itself", async () => {
    const two = Array.from({ length: 6 }, (_, i): Told => ({
      state: "live",
      from: i >> 1,
      account: i % 2 ? "a" : "b",
    }));
    const { intervals } = await listeningWithin(archiveOf(two), everything);
    expect(intervals).toMatchObject([
      { account: "b", from: at(0), to: at(3) },
      { account: "a", from: at(0), to: at(3) },
    ]);
  });
});
