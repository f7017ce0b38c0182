import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AccountFile } from "../src/store/account-file.ts";
import { Changes } from "../src/store/changes.ts";
import type { Entry } from "../src/store/entry.ts";
import { ValueCache } from "../src/store/value-cache.ts";

const KEY = Buffer.alloc(32, 7);
const dir = mkdtempSync(join(tmpdir(), "daybook-account-file-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function set(file: AccountFile, name: string, value: string | undefined, entry?: Entry): void {
  const changes = new Changes(file);
  changes.set("session", name, value === undefined ? undefined : Buffer.from(value));
  if (entry) changes.entries.push(entry);
  file.commit(changes, 1);
}
const read = (file: AccountFile, name: string) => {
  const value = file.get("session", name);
  return value && Buffer.from(value).toString();
};

it("reads what was written last, also from the disk, and nothing of what was not committed", () => {
  const path = join(dir, "one.account");
  let file = AccountFile.open(path, KEY, "create");
  expect(read(file, "a")).toBeUndefined();
  set(file, "a", "first");
  expect(read(file, "a")).toBe("first");
  // An entry that cannot be written takes all of its changes with it.
  const unwritable = { what: "gap", id: 1n, why: "" } as unknown as Entry;
  expect(() => set(file, "a", "second", unwritable)).toThrow(
    expect.objectContaining({ code: "unavailable" }) as Error,
  );
  expect(read(file, "a")).toBe("first");
  set(file, "b", "x");
  set(file, "b", undefined);
  file.close();
  file = AccountFile.open(path, KEY);
  expect([read(file, "a"), read(file, "b")]).toEqual(["first", undefined]);
  const cleared = new Changes(file);
  cleared.clear("session");
  file.commit(cleared, 0);
  expect(read(file, "a")).toBeUndefined();
  file.close();
});

it("keeps few values in memory: those that were used last", () => {
  const cache = new ValueCache();
  for (let i = 0; i < 1_000; i += 1) {
    cache.get("used");
    cache.set(i === 0 ? "used" : `${i}`, new Uint8Array(1_000));
  }
  expect(cache.get("used")?.value).toHaveLength(1_000);
  expect(cache.get("1")).toBeUndefined();
  expect(cache.get("999")?.value).toHaveLength(1_000);
  cache.set("large", new Uint8Array(600 * 1024));
  expect(cache.get("999")).toBeUndefined();
  cache.set("nothing", undefined);
  expect(cache.get("nothing")).toEqual({ value: undefined });
});

it("quarantines the newest of each sender, and not without bound", () => {
  const file = AccountFile.open(join(dir, "full.account"), KEY, "create");
  const quarantine = (sender: string, from: number, count: number) => {
    const changes = new Changes(file);
    for (let at = from; at < from + count; at += 1) {
      const digest = createHash("sha256").update(`${sender} ${at}`).digest("hex");
      changes.quarantined.push({ digest, sender, envelope: Buffer.from([at % 256]), receivedAt: at });
    }
    file.commit(changes, 1);
  };
  quarantine("one", 0, 3);
  quarantine("flood", 0, 1_100);

  expect(file.quarantinedOf("one").map(({ receivedAt }) => receivedAt)).toEqual([0, 1, 2]);
  const kept = file.quarantinedOf("flood").map(({ receivedAt }) => receivedAt);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([1_000, 100, 1_099]);
  file.close();
});

/** A file as version 0.1 wrote it: by its schema, its label and its construction, spelled out. */
function writeFile(path: string, kind: string, name: string, value: string): void {
  const salt = randomBytes(32);
  const keys = Buffer.from(hkdfSync("sha256", KEY, salt, "daybook signal account file v1", 64));
  const named = createHmac("sha256", keys.subarray(32))
    .update(JSON.stringify([kind, name]))
    .digest()
    .subarray(0, 16);
  const seal = (text: string, place: string) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", keys.subarray(0, 32), nonce).setAAD(Buffer.from(place));
    return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  };
  const db = new DatabaseSync(path);
  db.exec(`
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE value (kind TEXT NOT NULL, name BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
    CREATE TABLE entry (number INTEGER PRIMARY KEY AUTOINCREMENT, sealed BLOB NOT NULL);
  `);
  const meta = db.prepare("INSERT INTO meta VALUES (?, ?)");
  meta.run("version", Buffer.from("1"));
  meta.run("salt", salt);
  meta.run("check", seal("this file's key", "check"));
  const sealed = seal(value, `${kind}/${named.toString("hex")}`);
  db.prepare("INSERT INTO value VALUES (?, ?, ?)").run(kind, named, sealed);
  const entry = seal(JSON.stringify({ what: "gap", id: "a", why: "why" }), "entry");
  db.prepare("INSERT INTO entry (sealed) VALUES (?)").run(entry);
  db.close();
}

it("opens what earlier versions wrote, and under no other key", () => {
  const path = join(dir, "old.account");
  writeFile(path, "session", "a", "a ratchet");
  expect(() => AccountFile.open(path, Buffer.alloc(32, 8))).toThrow(
    expect.objectContaining({ code: "account-unreadable" }) as Error,
  );
  const file = AccountFile.open(path, KEY);

  expect(read(file, "a")).toBe("a ratchet");
  expect(file.entries(1)).toEqual([{ number: 1, entry: { what: "gap", id: "a", why: "why" } }]);
  file.close();
});

it("does not open a file of another version, nor what was moved to another row", () => {
  const path = join(dir, "moved.account");
  writeFile(path, "session", "a", "a ratchet");
  const db = new DatabaseSync(path);
  db.exec("UPDATE value SET kind = 'identity'");
  db.close();
  const moved = AccountFile.open(path, KEY);
  expect(() => [...moved.all("identity")]).toThrow(
    expect.objectContaining({ code: "account-unreadable" }) as Error,
  );
  moved.close();

  const later = new DatabaseSync(path);
  later.exec("UPDATE meta SET value = '2' WHERE name = 'version'");
  later.close();
  expect(() => AccountFile.open(path, KEY)).toThrow("an account's file is of another version");
});
