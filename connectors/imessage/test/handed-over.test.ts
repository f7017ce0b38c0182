import { mkdir, readdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  at,
  type ChatDb,
  PHOTO,
  putAttachment,
  writeBackup,
  writeStory,
} from "../../../test/fakes/imessage/index.ts";
import { openMessages } from "../src/open-messages.ts";
import { findMessages, type Member } from "../src/supply/files.ts";
import { type Handed, handedOver } from "../src/supply/handed-over.ts";
import { folders, member } from "./reading.ts";

const folder = folders();

async function members({ files }: Handed): Promise<Member[]> {
  return Promise.all(
    files.map(async ({ name, path, sizeBytes }) =>
      member(name, (await readFile(path)).subarray(0, sizeBytes)),
    ),
  );
}

async function textsOf(handed: Handed): Promise<(string | undefined)[]> {
  const supply = await findMessages(await members(handed));
  if (!supply) throw new Error("no messages were found");
  await using messages = await openMessages(supply);
  const texts: (string | undefined)[] = [];
  for await (const { kind, text } of messages.entries()) if (kind === "message") texts.push(text);
  return texts;
}

async function handed(path: string): Promise<Handed> {
  const found = await handedOver(path);
  if (!found) throw new Error("nothing was found");
  return found;
}

const named = ({ files }: Handed) => files.map(({ name }) => name).sort();

describe("what is handed over of a Mac", () => {
  it("is nothing of a database that would be refused for its size", async () => {
    const dir = await folder();
    writeStory(dir).close();
    await truncate(join(dir, "chat.db"), 2 * 1024 ** 3 + 1);

    await expect(handedOver(dir)).rejects.toMatchObject({ code: "too-large" });
  });

  it("is the database, its log and its attachments, by its folder or by itself", async () => {
    const dir = await folder();
    const db = writeStory(dir);
    const copy = await folder();
    db.copyTo(copy);
    db.close();
    putAttachment(copy, "ab/11/at_0_photo/pier.jpg", PHOTO);
    await writeFile(join(copy, "com.apple.something.plist"), "not ours");
    const before = await readdir(copy);

    for (const path of [copy, join(copy, "chat.db")]) {
      const found = await handed(path);
      expect(named(found)).toEqual(["Attachments/ab/11/at_0_photo/pier.jpg", "chat.db", "chat.db-wal"]);
      expect(await textsOf(found)).toContain("It sails on Saturday.");
      found.release();
    }
    expect(await readdir(copy)).toEqual(before);
  });

  it("leaves out what links lead to", async () => {
    const dir = await folder();
    writeStory(dir).close();
    const elsewhere = await folder();
    await writeFile(join(elsewhere, "secret"), "secret");
    await symlink(join(elsewhere, "secret"), join(dir, "Attachments/ab/linked.jpg"));
    await symlink(elsewhere, join(dir, "Attachments/cd"));

    expect(named(await handed(dir))).toEqual(["Attachments/ab/11/at_0_photo/pier.jpg", "chat.db"]);
    const whole = await folder();
    await writeFile(join(whole, "chat.db"), await readFile(join(dir, "chat.db")));
    await symlink(join(dir, "Attachments"), join(whole, "Attachments"));
    expect(named(await handed(whole))).toEqual(["chat.db"]);
  });

  it("is whole and of one moment though Messages writes and moves its log meanwhile", async () => {
    const dir = await folder();
    const db: ChatDb = writeStory(dir);
    const found = await handed(dir);
    const chat = 1;
    for (let i = 0; i < 200; i += 1)
      db.message({ chat, at: at(100 + i), name: `later ${String(i)}`, runs: [{ text: "later" }] });
    const other = new DatabaseSync(join(dir, "chat.db"));
    other.exec("PRAGMA wal_checkpoint(PASSIVE)");
    other.close();

    const texts = await textsOf(found);
    found.release();
    db.close();
    expect(texts).toContain("It sails on Saturday.");
    expect(texts).not.toContain("later");
  });
});

describe("what is handed over of an iPhone's backup", () => {
  const story = async () => {
    const dir = await folder();
    writeStory(dir).close();
    return readFile(join(dir, "chat.db"));
  };

  it("is the messages and their attachments, and nothing else of the phone", async () => {
    const backup = await folder();
    writeBackup(backup, { database: await story(), attachments: { "ab/11/at_0_photo/pier.jpg": PHOTO } });
    const before = (await readdir(backup, { recursive: true })).sort();
    const found = await handed(backup);

    expect(found.files).toHaveLength(3);
    expect(named(found)[0]).toBe("3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28");
    expect(await textsOf(found)).toContain("It sails on Saturday.");
    const supply = await findMessages(await members(found));
    expect(supply?.attachment("ab/11/at_0_photo/pier.jpg")?.sizeBytes).toBe(PHOTO.length);
    expect((await readdir(backup, { recursive: true })).sort()).toEqual(before);
  });

  it("is refused where it is encrypted", async () => {
    const backup = await folder();
    writeBackup(backup, { database: await story(), isEncrypted: true });
    await expect(findMessages(await members(await handed(backup)))).rejects.toMatchObject({
      code: "malformed",
    });
    await writeFile(join(backup, "Manifest.db"), Buffer.alloc(4_096, 7));
    await expect(handedOver(backup)).rejects.toMatchObject({ code: "malformed" });
  });
});

describe("whatever else there is", () => {
  it("is nothing of Messages", async () => {
    const dir = await folder();
    await mkdir(join(dir, "empty"));
    await writeFile(join(dir, "chat.txt"), "13/05/2024, 10:01 - Ann: words");

    expect(await handedOver(join(dir, "empty"))).toBeUndefined();
    expect(await handedOver(join(dir, "chat.txt"))).toBeUndefined();
    await expect(handedOver(join(dir, "nowhere"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("is nothing of Messages where a database was sent into a chat that was exported", async () => {
    const files = [member("_chat.txt", Buffer.from("text")), member("chat.db", Buffer.from("SQLite"))];

    expect(await findMessages(files)).toBeUndefined();
    expect(await findMessages([member("chat.db", Buffer.from("x"), true)])).toBeUndefined();
  });
});
