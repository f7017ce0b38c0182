import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkpointKey,
  logFileReader,
  openCheckpoint,
  parseVkey,
  Prover,
  readCheckpoint,
  type Stores,
  verifyConsistency,
} from "@daybook/archive-core";
import { openCatalogue } from "@daybook/catalogue";
import { openDirectoryStores } from "@daybook/directory";
import type { Instructions } from "./support/archiver-process.ts";
import { startTestPostgres, type TestPostgres } from "./support/catalogue.ts";
import { signerOf, type TestKeys, testKeys } from "./support/keys.ts";
import { archivedNumbers, openRecords, SHARD } from "./support/rig.ts";

const PROGRAM = join(import.meta.dirname, "support/archiver-process.ts");

let postgres: TestPostgres;
let dir: string;
let keys: TestKeys;
beforeAll(async () => {
  postgres = await startTestPostgres();
  keys = await testKeys();
  dir = await mkdtemp(join(tmpdir(), "daybook-archiver-crash-"));
  await writeFile(join(dir, "public.asc"), keys.publicKey);
  await writeFile(join(dir, "ingest.json"), JSON.stringify(keys.ingest));
});
afterAll(async () => {
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});

const openStores = () =>
  openDirectoryStores({
    objects: join(dir, "objects"),
    heads: join(dir, "heads"),
    keyring: join(dir, "keyring"),
  });

/** Runs the process until it ends, or is killed some milliseconds after it has sent something. */
async function run(
  what: Pick<Instructions, "from" | "to" | "dieAt">,
  killAfterMs?: number,
): Promise<{ sent: number; archived: number; code: number | null; signal: string | null }> {
  const instructions: Instructions = { dir, connection: postgres.connection, ...what };
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(instructions)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (output === "" && killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    output += chunk.toString();
  });
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  const last = (word: string) =>
    Number([...output.matchAll(new RegExp(`${word} (\\d+)`, "g"))].at(-1)?.[1] ?? 0);
  return { sent: last("sent"), archived: last("archived"), code, signal };
}

async function publishedNote(stores: Stores): Promise<string | undefined> {
  const published = await stores.heads.read(checkpointKey(SHARD));
  return published && Buffer.from(published.body).toString();
}

describe("a process that is killed", () => {
  it("at every step of a commit, and at any moment, loses and doubles nothing, and its log never forks", async () => {
    const notes = new Set<string>();
    let sent = 0;
    let archived = 0;
    const turns: [dieAt: number, killAfterMs: number | undefined][] = [
      ...Array.from({ length: 14 }, (_, i) => [i + 1, undefined] as [number, undefined]),
      ...[0, 1, 3, 8, 20, 50].map((ms) => [0, ms] as [number, number]),
    ];
    for (const [dieAt, killAfterMs] of turns) {
      // What was not acknowledged may or may not be there: it is sent again, as capture would.
      const outcome = await run({ from: sent, to: sent + 200, dieAt }, killAfterMs);
      expect(outcome).toMatchObject({ code: null, signal: "SIGKILL" });
      sent = Math.max(sent, outcome.sent);
      archived = Math.max(archived, outcome.archived);
      const stores = await openStores();
      const note = await publishedNote(stores);
      if (note !== undefined) notes.add(note);
      expect(note === undefined ? 0 : readCheckpoint(note).size).toBeGreaterThanOrEqual(archived);
    }
    const whole = await run({ from: sent, to: sent + 20, dieAt: 0 });
    expect(whole).toMatchObject({ code: 0, archived: sent + 20 });

    const stores = await openStores();
    const numbers = await archivedNumbers(stores, keys);
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: sent + 20 }, (_, i) => i));
    const pool = openCatalogue(postgres.connection, "writer", { max: 1 });
    const { rows } = await pool.query("SELECT replace(id::text, '-', '') FROM catalogue.record ORDER BY idx");
    await pool.close();
    expect(rows.map(([id]) => id)).toEqual((await openRecords(stores, keys)).map((record) => record.id));

    const verifier = parseVkey(signerOf(SHARD).vkey);
    const newest = openCheckpoint((await publishedNote(stores))!, verifier);
    const prover = new Prover(newest.size, logFileReader(stores, SHARD));
    expect(notes.size).toBeGreaterThan(5);
    for (const note of notes) {
      const { size, root } = openCheckpoint(note, verifier);
      const proof = await prover.consistency(size);
      expect(verifyConsistency(size, root, newest.size, newest.root, proof)).toBe(true);
    }
  }, 180_000);
});
