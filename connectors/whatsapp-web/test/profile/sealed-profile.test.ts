import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mountSmallDisk } from "../../../../test/faults/small-disk.ts";
import { SealedProfile } from "../../src/profile/sealed-profile.ts";

const SEALER = join(import.meta.dirname, "..", "children", "sealer.ts");
const KEY = Buffer.alloc(32, 7);
const SECRET = "the account's own keys";

let dir: string;
let path: string;
let sealed: SealedProfile;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-sealed-"));
  path = join(dir, "account.session");
  sealed = new SealedProfile(path, KEY);
});
afterEach(() => rmSync(dir, { recursive: true }));

function profile(name: string, secret = SECRET): string {
  const made = join(dir, name);
  for (const part of ["Default/IndexedDB", "Default/Cache", "Default/Code Cache", "GrShaderCache"])
    mkdirSync(join(made, "session", part), { recursive: true });
  for (const part of ["Local State", "Default/IndexedDB/keys", "Default/Cache/page", "GrShaderCache/data"])
    writeFileSync(join(made, "session", part), secret);
  return made;
}
const files = (at: string) =>
  readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map(({ name }) => name)
    .toSorted();
const isRefused = async (by = sealed) => {
  await expect(by.unseal(join(dir, "opened"))).rejects.toMatchObject({ code: "profile-unreadable" });
  expect(existsSync(join(dir, "opened"))).toBe(false);
  expect(existsSync(join(dir, "opened.part"))).toBe(false);
};

it("has of a folder what a session is, and not its caches", async () => {
  expect(sealed.exists).toBe(false);
  await sealed.seal(profile("plain"));
  await sealed.unseal(join(dir, "opened"));

  expect(files(join(dir, "opened"))).toEqual(["Local State", "keys"]);
  expect(readFileSync(join(dir, "opened/session/Default/IndexedDB/keys"), "utf8")).toBe(SECRET);
  expect(readFileSync(path).includes(SECRET)).toBe(false);
});

it("is refused when it is cut off, wherever", async () => {
  await sealed.seal(profile("plain"));
  const { length } = readFileSync(path);
  for (const left of [length - 1, length - 17, length >> 1, 80, 20, 0]) {
    truncateSync(path, left);
    await isRefused();
  }
});

it("is refused when a byte of it is another, wherever", async () => {
  await sealed.seal(profile("plain"));
  const whole = readFileSync(path);
  for (const at of [0, 40, 70, 90, whole.length >> 1, whole.length - 1]) {
    const changed = Buffer.from(whole);
    changed[at]! ^= 1;
    writeFileSync(path, changed);
    await isRefused();
  }
});

it("is refused under another key", async () => {
  await sealed.seal(profile("plain"));
  await isRefused(new SealedProfile(path, Buffer.alloc(32, 8)));
});

it("is there as before where a process is killed while it seals", async () => {
  await sealed.seal(profile("old", "old"));
  const before = readFileSync(path);
  const plain = profile("new", "new");
  const history = join(plain, "session/Default/History");
  writeFileSync(history, "");
  // It takes seconds to seal, however late the kill comes.
  truncateSync(history, 4 * 1024 ** 3);
  const child = spawn(process.execPath, [SEALER, path, plain], { stdio: ["ignore", "ignore", "inherit"] });
  while (!existsSync(`${path}.part`)) await sleep(1);
  child.kill("SIGKILL");
  await once(child, "close");

  expect(readFileSync(path).equals(before)).toBe(true);
  truncateSync(history, 0);
  await sealed.seal(plain);
  await sealed.unseal(join(dir, "opened"));
  expect(readFileSync(join(dir, "opened/session/Local State"), "utf8")).toBe("new");
  expect(existsSync(`${path}.part`)).toBe(false);
});

const disk = mountSmallDisk(mkdtempSync(join(tmpdir(), "daybook-sealed-disk-")), 4);
afterAll(() => {
  disk?.unmount();
  if (disk) rmSync(disk.path, { recursive: true });
});

(disk ? it : it.skip)("is neither taken for damaged nor lost where the disk is full", async () => {
  const onDisk = new SealedProfile(join(disk!.path, "account.session"), KEY);
  await onDisk.seal(profile("old", "old"));
  disk!.fill();
  await expect(onDisk.unseal(join(disk!.path, "opened"))).rejects.toMatchObject({ code: "unavailable" });
  const large = profile("new", "new".repeat(100_000));
  await expect(onDisk.seal(large)).rejects.toMatchObject({ code: "unavailable" });
  await disk!.makeRoom();

  await onDisk.unseal(join(dir, "opened"));
  expect(readFileSync(join(dir, "opened/session/Local State"), "utf8")).toBe("old");
});
