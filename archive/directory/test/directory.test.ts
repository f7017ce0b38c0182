import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmod,
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectoryStores } from "@daybook/directory";
import { filesBelow, newHome, removeHomes } from "./homes.ts";
import { FUTURE, openStores, PAST } from "./operations.ts";

afterAll(removeHomes);

const BODY = Buffer.from("content");
const put = (key: string, body: Uint8Array = BODY) => ({ key, body, retainUntil: FUTURE });

describe("on the disk", () => {
  it("an object is a read-only file under its key, in directories of its owner alone, with its lock as its time", async () => {
    const home = await newHome();
    const { records } = await openStores(join(home, "new/home"));
    await records.put(put("log/audit/tile/0/x001/067"));
    const path = join(home, "new/home/objects/log/audit/tile/0/x001/067");
    const file = await stat(path);

    expect(await readFile(path)).toEqual(BODY);
    expect(file.mode & 0o777).toBe(0o400);
    expect(file.nlink).toBe(1);
    expect(file.mtimeMs).toBe(Math.ceil(FUTURE.getTime() / 1_000) * 1_000);
    for (const directory of ["new/home/objects", "new/home/objects/log/audit/tile", "new/home/keyring"]) {
      expect((await stat(join(home, directory))).mode & 0o777).toBe(0o700);
    }
  });

  it("a changed object leaves its old bytes nowhere, nor a removed one its directories", async () => {
    const home = await newHome();
    const { keyring } = await openStores(home);
    await keyring.put("keyring/s/000-abc", Buffer.from("session key one"));
    await keyring.put("keyring/s/000-abc", Buffer.from("session key two"));
    const left = [...(await filesBelow(home)).values()].map(String);
    expect(left).toEqual(["session key two"]);

    await keyring.remove("keyring/s/000-abc");
    await expect(readdir(join(home, "keyring"), { recursive: true })).resolves.toEqual(["@tmp"]);
  });

  it("a removal that failed half way, of a key that is used again, is no obstacle to the next", async () => {
    const home = await newHome();
    const { keyring } = await openStores(home);
    const left = join(home, "keyring/@tmp", createHash("sha256").update("a/b").digest("hex"));
    await mkdir(left);
    await writeFile(join(left, "x"), "key");
    await keyring.put("a/b", BODY);
    await keyring.remove("a/b");

    expect([...(await filesBelow(home)).keys()]).toEqual([]);
  });

  it("what was half written is swept at the next opening, and objects are not", async () => {
    const home = await newHome();
    const { records } = await openStores(home);
    await records.put(put("a"));
    await mkdir(join(home, "keyring/@tmp/removed"));
    await writeFile(join(home, "keyring/@tmp/removed/x"), "key");
    await writeFile(join(home, "objects/@tmp/half"), "half");
    await link(join(home, "objects/a"), join(home, "objects/@tmp/linked"));

    const again = await openStores(home);
    expect([...(await filesBelow(home)).keys()]).toEqual(["objects/a"]);
    expect(Buffer.from(await again.records.get("a"))).toEqual(BODY);
  });

  it("a lock date that lies 300 years ahead is kept", async () => {
    const { records } = await openStores(await newHome());
    const retainUntil = new Date("2326-01-02T03:04:05Z");
    await records.put({ ...put("a"), retainUntil });
    await expect(records.stat("a")).resolves.toMatchObject({ retainUntil });
  });
});

describe("openDirectoryStores", () => {
  it("opens a second copy of the keyring where one is given", async () => {
    const home = await newHome();
    const directories = { objects: `${home}/o`, heads: `${home}/h`, keyring: `${home}/k` };

    expect(await openDirectoryStores(directories)).not.toHaveProperty("keyringCopy");
    const { keyringCopy, keyring } = await openDirectoryStores({ ...directories, keyringCopy: `${home}/c` });
    await keyringCopy!.put("a", BODY);
    await expect(keyring.read("a")).resolves.toBeUndefined();
  });

  it("refuses one directory for two stores, however it is written", async () => {
    const home = await newHome();
    await mkdir(join(home, "k"));
    await symlink(join(home, "k"), join(home, "link"));
    const directories = { objects: `${home}/o`, heads: `${home}/k/../link`, keyring: `${home}/k` };

    await expect(openDirectoryStores(directories)).rejects.toThrow(RangeError);
  });

  it("is store-unavailable where a file stands in the way", async () => {
    const home = await newHome();
    await writeFile(join(home, "objects"), "");
    await expect(openStores(home)).rejects.toMatchObject({ code: "store-unavailable", retryable: true });
  });
});

describe("symbolic links that somebody planted", () => {
  it("are not followed, neither as objects nor as directories", async () => {
    const home = await newHome();
    const outside = await newHome();
    await writeFile(join(outside, "victim"), "outside");
    await mkdir(join(outside, "k@"));
    await writeFile(join(outside, "k@", "a".repeat(32)), "outside");
    const { records, keyring } = await openStores(home);
    await symlink(join(outside, "victim"), join(home, "objects/victim"));
    await symlink(outside, join(home, "objects/dir"));
    await symlink(outside, join(home, "keyring/dir"));
    await symlink(join(outside, "k@"), join(home, "keyring/k@"));
    const before = [...(await filesBelow(outside))].map(String);

    const corrupt = { code: "corrupt", retryable: false };
    for (const key of ["victim", "dir/victim", "dir/new"]) {
      await expect(records.put(put(key))).rejects.toMatchObject(corrupt);
      await expect(records.get(key)).rejects.toMatchObject(corrupt);
    }
    await expect(records.stat("dir/victim")).rejects.toMatchObject(corrupt);
    await expect(records.extend("victim", FUTURE)).rejects.toMatchObject(corrupt);
    await expect(records.setLegalHold("dir/victim", true)).rejects.toMatchObject(corrupt);
    await expect(records.remove("dir/victim")).rejects.toMatchObject(corrupt);
    await expect(keyring.read("k")).rejects.toMatchObject(corrupt);
    await expect(keyring.put("k", BODY)).rejects.toMatchObject(corrupt);
    await expect(keyring.put("dir/k", BODY)).rejects.toMatchObject(corrupt);
    await expect(keyring.read("dir/k")).rejects.toMatchObject(corrupt);
    await expect(keyring.remove("dir/k")).rejects.toMatchObject(corrupt);
    for (const store of [records, keyring]) {
      const keys: string[] = [];
      for await (const key of store.list("")) keys.push(key);
      expect(keys).toEqual([]);
    }
    await keyring.remove("k");
    expect([...(await filesBelow(outside))].map(String)).toEqual(before);
  });
});

describe("an unreadable home", () => {
  const asRoot = process.getuid!() === 0;
  const NOBODY = 65_534;
  // No permissions stop root: it is another user while it tries this.
  afterEach(() => asRoot && process.seteuid!(0));

  it("is store-unavailable, and works again when it can be read", async () => {
    const home = await newHome();
    if (asRoot) {
      await chown(home, NOBODY, NOBODY);
      process.seteuid!(NOBODY);
    }
    const { records } = await openStores(home);
    await records.put({ ...put("a/b"), retainUntil: PAST });
    await chmod(join(home, "objects/a"), 0);
    const unavailable = { code: "store-unavailable", retryable: true };
    await expect(records.get("a/b")).rejects.toMatchObject(unavailable);
    await expect(records.put(put("a/c"))).rejects.toMatchObject(unavailable);
    await chmod(join(home, "objects/a"), 0o700);
    expect(Buffer.from(await records.get("a/b"))).toEqual(BODY);
    await expect(records.put(put("a/c"))).resolves.toEqual({ created: true });
  });
});

const disk = await smallDisk();
if (!disk) console.warn("cannot mount a tmpfs here: a full disk was not tried. Run as root on Linux.");
describe("a full disk", () => {
  afterAll(async () => {
    if (!disk) return;
    execFileSync("umount", [disk]);
    await rm(disk, { recursive: true });
  });

  (disk ? it : it.skip)(
    "refuses, keeps what there was, shows nothing half written, and goes on when there is room",
    async () => {
      const home = disk!;
      const { records, keyring } = await openStores(home);
      await keyring.put("head", Buffer.from("before"));
      await writeFile(join(home, "filler"), "");
      const big = Buffer.alloc(600_000, "x");
      const full = { code: "store-full", retryable: true };
      await records.put(put("fits", big));

      await expect(records.put(put("too/much", big))).rejects.toMatchObject(full);
      await expect(keyring.put("other", big)).rejects.toMatchObject(full);
      await expect(keyring.put("head", big)).rejects.toMatchObject(full);
      const { tag } = (await keyring.read("head"))!;
      await expect(keyring.replace("head", big, tag)).rejects.toMatchObject(full);

      expect([...(await filesBelow(home)).keys()].filter((file) => !file.includes("fits"))).toHaveLength(2);
      await expect(records.stat("too/much")).resolves.toBeUndefined();
      await expect(keyring.read("other")).resolves.toBeUndefined();
      expect(Buffer.from((await keyring.read("head"))!.body).toString()).toBe("before");

      await rm(join(home, "objects/fits"));
      await expect(records.put(put("too/much", big))).resolves.toEqual({ created: true });
      await rm(join(home, "objects/too/much"));
      await keyring.replace("head", big, tag);
      expect((await keyring.read("head"))!.body).toHaveLength(big.length);
    },
  );
});

/** A file system of 1 MiB; undefined where none can be mounted. */
async function smallDisk(): Promise<string | undefined> {
  const path = await mkdtemp(join(tmpdir(), "small-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path], { stdio: "ignore" });
    return path;
  } catch {
    await rm(path, { recursive: true });
    return undefined;
  }
}
