import { createCipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openState } from "../src/state.ts";

const KEY = Buffer.alloc(32, 7);
const dir = mkdtempSync(join(tmpdir(), "whatsapp-business-state-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A file as version 0.1 wrote it: by its schema, its label and its construction, spelled out. */
function writeFile(path: string, kind: string, name: string, value: unknown): void {
  const salt = randomBytes(32);
  const keys = Buffer.from(hkdfSync("sha256", KEY, salt, "daybook whatsapp business state v1", 64));
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
    CREATE TABLE value (kind TEXT NOT NULL, name BLOB NOT NULL, at INTEGER NOT NULL, sealed BLOB NOT NULL,
      PRIMARY KEY (kind, name)) WITHOUT ROWID;
  `);
  const meta = db.prepare("INSERT INTO meta VALUES (?, ?)");
  meta.run("salt", salt);
  meta.run("check", seal("this file's key", "check"));
  const sealed = seal(JSON.stringify(value), `${kind}/${named.toString("hex")}`);
  db.prepare("INSERT INTO value VALUES (?, ?, ?, ?)").run(kind, named, 1, sealed);
  db.close();
}

it("opens what earlier versions wrote", () => {
  const path = join(dir, "state");
  writeFile(path, "relayed", "an id", { state: "sent", networkId: "wamid.1" });
  const state = openState(path, KEY, () => new Date());

  expect(state.get("relayed", "an id")).toEqual({ state: "sent", networkId: "wamid.1" });
  expect(state.all("relayed")).toHaveLength(1);
  state.close();
});

it("names the connector whose file does not open", () => {
  const path = join(dir, "other");
  openState(path, KEY, () => new Date()).close();
  expect(() => openState(path, Buffer.alloc(32, 8), () => new Date())).toThrow(
    "what WhatsApp's connector remembers is damaged, or under another key",
  );
});
