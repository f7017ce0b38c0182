import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
