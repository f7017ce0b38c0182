import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachedProgram } from "@daybook/lab";
import {
  at,
  ChatDb,
  FERGUS,
  PHOTO,
  putAttachment,
  writeBackup,
  writeStory,
} from "../../../test/fakes/imessage/index.ts";
import type { Entry } from "../src/reading/entry.ts";
import { entriesOf, folders } from "./reading.ts";

// A reader of the same databases that is not ours: imessage-exporter, in Rust.
const exporter = cachedProgram("imessage-exporter");
if (!exporter) console.warn("skipped: imessage-exporter is missing (npm run lab -- --install)");

const folder = folders();
const run = promisify(execFile);

/** What it writes of a database, all conversations in one, and what it counts. */
async function judged(
  path: string,
  platform: "macOS" | "iOS" = "macOS",
): Promise<{ text: string; counts: string }> {
  const out = await folder();
  const env = { ...process.env, TZ: "UTC", HOME: out };
  const of = ["-p", path, "-a", platform];
  await run(exporter ?? "", ["-f", "txt", ...of, "-o", join(out, "text")], { env });
  const { stdout: counts } = await run(exporter ?? "", ["-d", ...of], { env });
  const files = (await readdir(join(out, "text"))).filter((name) => name.endsWith(".txt"));
  const texts = await Promise.all(files.map((name) => readFile(join(out, "text", name), "utf8")));
  return { text: texts.join("\n"), counts };
}

async function ours(dir: string): Promise<Entry[]> {
  return entriesOf(await readFile(join(dir, "chat.db")), await readFile(join(dir, "chat.db-wal")));
}

const texts = (entries: readonly Entry[], kind: Entry["kind"]) =>
  entries.flatMap((entry) => (entry.kind === kind && entry.text !== undefined ? [entry.text] : []));

(exporter ? describe : describe.skip)("imessage-exporter and our reader", () => {
  it("agree on the texts, edits, unsends, deletions and group changes of one database", async () => {
    const dir = await folder();
    const db = writeStory(dir);
    const copy = await folder();
    db.copyTo(copy);
    db.close();
    putAttachment(copy, "ab/11/at_0_photo/pier.jpg", PHOTO);
    const { text, counts } = await judged(join(copy, "chat.db"));
    const entries = await ours(copy);

    for (const said of [...texts(entries, "message"), ...texts(entries, "edit")])
      expect(text).toContain(said);
    expect(text.match(/^Edited .*later: /gm)).toHaveLength(texts(entries, "edit").length);
    expect(text.match(/unsent a message!/g)).toHaveLength(1);
    expect(text.match(/was deleted from the conversation!/g)).toHaveLength(1);
    expect(text).toContain("⛵ by Me");
    expect(text).toMatch(/named the conversation Ferries[^]*added mairi@[^]*left the conversation/);
    const rows = new Set(
      entries.filter(({ text: said }) => !said?.includes("only its id")).map(({ rowid }) => rowid),
    );
    expect(counts).toContain(`Total messages: ${String(rows.size)}`);
    expect(counts).toContain("Recoverable messages: 1");
    expect(counts).toContain("Total attachments: 2");
    expect(counts).toContain("Total handles: 3");
  });

  it("agree on bodies of every length of the typedstream, in any script, by parts", async () => {
    const dir = await folder();
    const db = new ChatDb(dir);
    const chat = db.chat(FERGUS, [db.handle(FERGUS)]);
    const bodies = [
      "a",
      "x".repeat(127),
      "y".repeat(128),
      "é".repeat(33_000),
      "مرحبا بالعالم",
      "日本語 🇬🇧👩‍👩‍👧",
      "z".repeat(70_000),
    ];
    for (const [i, text] of bodies.entries())
      db.message({ chat, at: at(i), name: text.slice(0, 9), runs: [{ text }] });
    const copy = await folder();
    db.copyTo(copy);
    db.close();
    const { text } = await judged(join(copy, "chat.db"));

    expect(texts(await ours(copy), "message")).toEqual(bodies);
    const lines = new Set(text.split("\n"));
    for (const body of bodies) expect(lines.has(body)).toBe(true);
  });

  it("agree on the backup of an iPhone", async () => {
    const dir = await folder();
    const db = writeStory(dir);
    db.checkpoint();
    const database = await readFile(db.path);
    db.close();
    const backup = await folder();
    writeBackup(backup, { database, attachments: { "ab/11/at_0_photo/pier.jpg": PHOTO } });
    const { text, counts } = await judged(backup, "iOS");

    for (const said of texts(entriesOf(database), "message")) expect(text).toContain(said);
    expect(counts).toContain("Total messages: 16");
  });
});
