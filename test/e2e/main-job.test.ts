import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Daybook, runCommand } from "./support/daybook.ts";

const ANDROID = [
  "13/05/2024, 10:00 - Messages and calls are end-to-end encrypted. No one outside of this chat, not even WhatsApp, can read or listen to them. Tap to learn more.",
  "13/05/2024, 10:01 - Ann Lee: Hello there, the quorum is settled",
  "13/05/2024, 10:02 - Bob: Hi Ann, the ferry",
  "leaves at nine",
  "13/05/2024, 10:03 - Ann Lee: ok",
  "13/05/2024, 10:03 - Ann Lee: ok",
  "14/05/2024, 11:00 - Bob: <Media omitted>",
  "14/05/2024, 11:01 - Bob: This message was deleted",
  "",
].join("\n");

// The same chat from a phone in another locale, longer at its end.
const GERMAN_IOS = [
  "[13.05.24, 10:01:12] Ann Lee: Hello there, the quorum is settled",
  "[13.05.24, 10:02:40] Bob: Hi Ann, the ferry",
  "leaves at nine",
  "[13.05.24, 10:03:01] Ann Lee: ok",
  "[13.05.24, 10:03:20] Ann Lee: ok",
  "[15.05.24, 09:00:00] Bob: A new message after the first export",
  "",
].join("\n");

interface Imported {
  files: { messages: number; system: number; duplicates: number; order: string; authors: string[] }[];
  records: number;
}
interface Page {
  total: number;
  results: { id: string; text: string | null; conversation: { id: string; title: string } | null }[];
  next: string | null;
}

const daybook = new Daybook();
let matter = "";

beforeAll(async () => {
  await daybook.up();
  matter = (
    await daybook.json<{ id: string }>(["matter", "open", "--title", "Ferry papers", "--kind", "foi"])
  ).id;
});
afterAll(() => daybook.remove());

const search = (...args: string[]) => daybook.json<Page>(["search", "--matter", matter, ...args]);

describe("the main job, by the command line", () => {
  it("imports an export, and finds it by word, phrase and prefix", async () => {
    const file = daybook.write("WhatsApp Chat with Ann.txt", ANDROID);
    const { files, records } = await daybook.json<Imported>(["import", file, "--custodian", "Ann Lee"]);

    expect(files).toMatchObject([
      { messages: 6, system: 1, duplicates: 0, order: "dmy", authors: ["Ann Lee", "Bob"] },
    ]);
    expect(records).toBe(8);
    expect((await search("QUORUM")).results.map((r) => r.text)).toEqual([
      "Hello there, the quorum is settled",
    ]);
    expect((await search('"leaves at nine"')).total).toBe(1);
    expect((await search("quor*")).total).toBe(1);
    expect((await search("quorumm")).total).toBe(0);
  });

  it("records nothing twice when the file comes again, and keeps two equal messages two", async () => {
    const file = join(daybook.dir, "WhatsApp Chat with Ann.txt");
    const again = await daybook.json<Imported>(["import", file, "--custodian", "Ann Lee"]);

    expect(again).toMatchObject({ records: 0, files: [{ duplicates: 7 }] });
    expect((await search("ok")).total).toBe(2);
  });

  it("records only what is new of an overlapping export from another locale, in the same conversation", async () => {
    const file = daybook.write("_chat.txt", GERMAN_IOS);
    const { files, records } = await daybook.json<Imported>(["import", file, "--custodian", "Ann Lee"]);

    expect(files).toMatchObject([{ messages: 5, duplicates: 4 }]);
    // The new message, and the notice of the file.
    expect(records).toBe(2);
    const [first, added] = [await search("quorum"), await search("after")];
    expect(added.results[0]!.conversation!.id).toBe(first.results[0]!.conversation!.id);
  });

  it("imports mail beside it, finds it by network, and hands it over in a package that verifies", async () => {
    const message = [
      "From: Ann Lee <ann@example.gov.uk>",
      "To: Bo <bo@example.org>",
      "Subject: Wharf",
      "Message-ID: <wharf@example.gov.uk>",
      "Date: Mon, 13 May 2024 10:01:00 +0100",
      "",
      "The wharf is to be dredged",
      "",
    ].join("\n");
    const file = daybook.write("sent.mbox", `From ann@example.gov.uk Mon May 13 10:01:00 2024\n${message}\n`);
    const { files } = await daybook.json<Imported>(["import", file, "--custodian", "Ann Lee"]);
    const found = await search("dredged", "--network", "email");
    const out = join(daybook.dir, "mail");
    await daybook.json(["export", "--matter", matter, "--network", "email", "--out", out]);
    const verified = await daybook.json<{ ok: boolean; records: number }>(["verify", out]);

    expect(files).toMatchObject([{ messages: 1, duplicates: 0, order: null, authors: ["Ann Lee"] }]);
    expect(found).toMatchObject({ total: 1, results: [{ conversation: { title: "Wharf" } }] });
    expect((await search("dredged", "--network", "whatsapp")).total).toBe(0);
    expect(verified.ok).toBe(true);
    const record = readFileSync(join(out, "data/records", `${found.results[0]!.id}.json`), "utf8");
    const { raw } = JSON.parse(record) as { raw: string };
    expect(Buffer.from(raw, "base64").toString()).toBe(`${message}\n`);
  });

  it("refuses a file that is no export, in one line, and records nothing", async () => {
    const before = await daybook.json<{ shards: { size: number }[] }>(["status"]);
    const ran = await daybook.run([
      "import",
      daybook.write("notes.txt", "just some notes\n"),
      "--custodian",
      "Nobody",
    ]);

    expect(ran.code).toBe(1);
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
    const after = await daybook.json<{ shards: { shard: string; size: number }[] }>(["status"]);
    expect(after.shards[0]!.size).toBe(before.shards[0]!.size);
    expect(JSON.stringify(await daybook.json(["custodian", "list"]))).not.toContain("Nobody");
  });

  it("exports a package that sha256sum, gpg and daybook verify accept", async () => {
    const out = join(daybook.dir, "evidence");
    const made = await daybook.json<{ out: string; records: number; checkpoints: object[] }>([
      "export",
      "--matter",
      matter,
      "--out",
      out,
    ]);

    expect(made.out).toBe(out);
    expect(made.checkpoints).toHaveLength(2);
    expect((await runCommand("sha256sum", ["-c", "--quiet", "manifest-sha256.txt"], { cwd: out })).code).toBe(
      0,
    );
    const keys = daybook.facts.vkeys.flatMap((vkey) => ["--key", vkey]);
    const verified = await daybook.json<{ ok: boolean; records: number; keyFrom: string }>([
      "verify",
      out,
      ...keys,
    ]);
    expect(verified).toMatchObject({ ok: true, records: made.records, keyFrom: "given" });

    const [id, key] = readFileSync(join(out, "data/session-keys.csv"), "utf8")
      .trim()
      .split("\n")
      .at(-1)!
      .split(",");
    const gpg = await runCommand("gpg", [
      "--batch",
      "--quiet",
      "--override-session-key",
      key!,
      "-d",
      join(out, `data/sealed/${id!}.pgp`),
    ]);
    expect(gpg.stdout).toBe(readFileSync(join(out, `data/records/${id!}.json`), "utf8"));
  });

  it("leaves no half package when an export is refused", async () => {
    const out = join(daybook.dir, "refused");
    const ran = await daybook.run([
      "export",
      "--matter",
      "00000000-0000-4000-8000-000000000000",
      "--out",
      out,
    ]);

    expect(ran.code).toBe(1);
    expect(readdirSync(daybook.dir).filter((name) => name.includes("refused"))).toEqual([]);
  });

  it("disposes of a record by two people, and keeps it a duplicate", async () => {
    const [found] = (await search("settled")).results;
    const proposed = await daybook.json<{ id: string; digest: string }>([
      "dispose",
      "propose",
      "--id",
      found!.id,
      "--reason",
      "no business value",
      "--authority",
      "DA-1",
    ]);
    const alone = await daybook.run(["dispose", "approve", proposed.id, "--digest", proposed.digest]);
    expect(alone.code).toBe(1);

    const reviewer = await daybook.json<{ token: string }>([
      "token",
      "add",
      "--name",
      "Rhona Reviewer",
      "--role",
      "reviewer",
    ]);
    await daybook.json(["dispose", "approve", proposed.id, "--digest", proposed.digest], {
      DAYBOOK_TOKEN: reviewer.token,
    });
    await daybook.json(["dispose", "execute", proposed.id]);

    expect((await search("settled")).total).toBe(0);
    expect((await daybook.json<{ ok: boolean }>(["log", "fsck"])).ok).toBe(true);
    const out = join(daybook.dir, "after-disposal");
    await daybook.json(["export", "--matter", matter, "--out", out]);
    expect(readdirSync(join(out, "data/disposals"))).toEqual([`${found!.id}.json`]);
    expect(await daybook.json(["verify", out])).toMatchObject({ ok: true });
    const file = daybook.write("again.txt", ANDROID + "16/05/2024, 08:00 - Bob: one more line\n");
    expect((await daybook.json<Imported>(["import", file, "--custodian", "Ann Lee"])).records).toBe(2);
    expect((await search("settled")).total).toBe(0);
  });

  it("finds everything again after a restart and a rebuild", async () => {
    const before = await search("ferry");
    expect(await daybook.stop()).toBe(0);
    await daybook.up();
    expect(await search("ferry")).toEqual(before);
    await daybook.json(["rebuild"]);
    expect(await search("ferry")).toEqual(before);
    expect((await search("settled")).total).toBe(0);
  });
});
