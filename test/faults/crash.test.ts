import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { logFileReader, openCheckpoint, parseVkey, Prover, verifyConsistency } from "@daybook/archive-core";
import { openDirectoryStores } from "@daybook/directory";
import { Daybook } from "../e2e/support/daybook.ts";

const LINES = 4_000;
const KILLS = 4;
const EXPORT = Array.from({ length: LINES }, (_, i) => {
  const minute = `${String(Math.floor(i / 60) % 24).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}`;
  const day = String(13 + Math.floor(i / 1_440)).padStart(2, "0");
  return `${day}/05/2024, ${minute} - Ann: line ${i} of the halcyon log\n`;
}).join("");

const daybook = new Daybook();
afterAll(() => daybook.remove());

it("loses and doubles nothing when it is killed in the middle of an import, again and again", async () => {
  const file = daybook.write("WhatsApp Chat with Ann.txt", EXPORT);
  const notes: string[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    await daybook.up();
    const importing = daybook.run(["import", file, "--custodian", "Ann"]);
    await sleep(800 + kill * 700);
    const { checkpoints } = await daybook
      .json<{ checkpoints: { checkpoint: string }[] }>(["log", "checkpoint"])
      .catch(() => ({ checkpoints: [] }));
    notes.push(...checkpoints.map((one) => one.checkpoint));
    await daybook.stop("SIGKILL");
    await importing;
  }
  await daybook.up();
  await daybook.json(["import", file, "--custodian", "Ann"]);
  const matter = await daybook.json<{ id: string }>([
    "matter",
    "open",
    "--title",
    "Count",
    "--kind",
    "audit",
  ]);
  const out = join(daybook.dir, "all");
  await daybook.json([
    "export",
    "--matter",
    matter.id,
    "--out",
    out,
    "--query",
    "halcyon",
    "--formats",
    "records",
  ]);
  const { ok, records } = await daybook.json<{ ok: boolean; records: number }>(["verify", out]);
  expect(ok).toBe(true);
  const again = await daybook.json<{ records: number; files: { duplicates: number }[] }>([
    "import",
    file,
    "--custodian",
    "Ann",
  ]);
  expect(again).toMatchObject({ records: 0, files: [{ duplicates: LINES }] });
  expect((await daybook.json<{ ok: boolean }>(["log", "fsck"])).ok).toBe(true);

  const status = await daybook.json<{ shards: { shard: string; size: number }[] }>(["status"]);
  // Every line once, and the notice of the file once.
  expect(status.shards.find((one) => one.shard === "0")!.size).toBe(LINES + 1);
  expect(records).toBeGreaterThanOrEqual(LINES);
  const vkeys = daybook.facts.vkeys;
  await daybook.stop();

  const at = (name: string) => join(daybook.home, name);
  const stores = await openDirectoryStores({
    objects: at("objects"),
    heads: at("heads"),
    keyring: at("keyring"),
  });
  expect(notes.length).toBeGreaterThan(0);
  for (const note of notes) {
    const vkey = vkeys.find((one) => note.startsWith(one.split("+")[0]!))!;
    const early = openCheckpoint(note, parseVkey(vkey));
    const shard = early.origin.split("/").at(-1)!;
    const published = await stores.heads.read(`log/${shard}/checkpoint`);
    const late = openCheckpoint(Buffer.from(published!.body).toString(), parseVkey(vkey));
    const proof = await new Prover(late.size, logFileReader(stores, shard)).consistency(early.size);
    expect(verifyConsistency(early.size, early.root, late.size, late.root, proof)).toBe(true);
  }
}, 300_000);
