import { execFileSync } from "node:child_process";
import { mkdir, readFile, rename, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { verifyPackage } from "../src/index.ts";
import {
  inMemory,
  type MemoryPackage,
  remakeManifests,
  scratch,
  verifyInMemory,
  written,
} from "./packages.ts";
import { type RawEntry, rawZip } from "./raw-zip.ts";

const ID = "0".repeat(32);

/** Verifies bytes as `P.zip`. */
async function verifyZip(bytes: Buffer) {
  const path = join(await scratch(), "P.zip");
  await writeFile(path, bytes);
  return verifyPackage(path);
}

describe("a package as a ZIP from anywhere", () => {
  let original: MemoryPackage;
  let entries: RawEntry[];
  beforeAll(async () => {
    original = await inMemory({ receipt: false });
    entries = [...original.files].map(([path, content]) => ({ name: `P/${path}`, content }));
  });

  /** The package, with one entry put in, or changed by name. */
  const plus = (entry: RawEntry) => [...entries, entry];
  const altered = (path: string, change: Partial<RawEntry>) =>
    entries.map((entry) => (entry.name === `P/${path}` ? { ...entry, ...change } : entry));

  it("is accepted however it was packed: deflated, with folders, with sizes behind", async () => {
    const folder = { name: "P/", attributes: ((0o040755 << 16) >>> 0) | 0x10 };
    const descriptor = (content: Buffer, packed: Buffer) => {
      const bytes = Buffer.alloc(16);
      bytes.writeUInt32LE(0x08074b50, 0);
      bytes.writeUInt32LE(crc32(content), 4);
      bytes.writeUInt32LE(packed.length, 8);
      bytes.writeUInt32LE(content.length, 12);
      return bytes;
    };
    const streamed = entries.map((entry) => {
      const behind = descriptor(entry.content!, deflateRawSync(entry.content!));
      return { ...entry, deflate: true, flags: 8, behind, local: { crc: 0, size: 0, packed: 0 } };
    });
    for (const all of [
      entries,
      entries.map((entry) => ({ ...entry, deflate: true })),
      [folder, ...entries],
      streamed,
    ])
      expect(await verifyZip(rawZip(all))).toMatchObject({ ok: true, problems: [] });
  });

  it.each([
    "P/../x",
    "P/../../etc/x",
    "/etc/x",
    "P/data/../x",
    "P\\x",
    "P/data\\x",
    "P/a\0b",
    "P/é",
    "P/a\nb",
    "P/.x",
    "P/C:x",
  ])("is refused for a file named %j", async (name) => {
    const { ok, problems } = await verifyZip(rawZip(plus({ name })));
    expect(ok).toBe(false);
    expect(problems.length).toBeGreaterThan(0);
  });

  it.each<{ name: string; make: () => Buffer }>([
    { name: "a file outside its folder", make: () => rawZip(plus({ name: "Q/bagit.txt" })) },
    { name: "a file in no folder", make: () => rawZip(plus({ name: "bagit.txt" })) },
    {
      name: "two files of one name",
      make: () => rawZip(plus({ name: "P/bagit.txt", content: Buffer.from("x") })),
    },
    { name: "two files of one name, but for case", make: () => rawZip(plus({ name: "P/BAGIT.TXT" })) },
    {
      name: "a symbolic link",
      make: () =>
        rawZip(
          plus({
            name: `P/data/records/${ID}.json`,
            content: Buffer.from("/etc/passwd"),
            attributes: (0o120777 << 16) >>> 0,
          }),
        ),
    },
    {
      name: "a folder with content",
      make: () => rawZip(plus({ name: "P/data/x/", content: Buffer.from("x") })),
    },
    { name: "something before it", make: () => rawZip(entries, { prefix: Buffer.from("#!/bin/sh\n") }) },
    { name: "something behind it", make: () => rawZip(entries, { suffix: Buffer.from("x") }) },
    { name: "a comment", make: () => rawZip(entries, { comment: Buffer.from("x") }) },
    {
      name: "a second end in its comment",
      make: () => rawZip(entries, { comment: rawZip([{ name: "P/bagit.txt" }]).subarray(-22) }),
    },
    { name: "more entries than it has", make: () => rawZip(entries, { count: entries.length + 1 }) },
    { name: "fewer entries than it has", make: () => rawZip(entries, { count: entries.length - 1 }) },
    {
      name: "something hidden between two files",
      make: () => rawZip(altered("bagit.txt", { behind: Buffer.from("hidden") })),
    },
    {
      name: "a false descriptor behind a file",
      make: () => rawZip(altered("bagit.txt", { behind: Buffer.alloc(16, 1), flags: 8 })),
    },
    {
      name: "another name in the local header",
      make: () => rawZip(altered("bagit.txt", { local: { name: "P/bagit.tx_" } })),
    },
    {
      name: "another size in the local header",
      make: () => rawZip(altered("bagit.txt", { local: { size: 1 } })),
    },
    {
      name: "another checksum in the local header",
      make: () => rawZip(altered("bagit.txt", { local: { crc: 1 } })),
    },
    {
      name: "another method in the local header",
      make: () => rawZip(altered("bagit.txt", { local: { method: 8 } })),
    },
    {
      name: "a wrong checksum in both headers",
      make: () => rawZip(altered("bagit.txt", { local: { crc: 1 }, central: { crc: 1 } })),
    },
    {
      name: "a size too large in both headers",
      make: () => rawZip(altered("bagit.txt", { deflate: true, local: { size: 99 }, central: { size: 99 } })),
    },
    {
      name: "a size too small in both headers",
      make: () => rawZip(altered("bagit.txt", { deflate: true, local: { size: 9 }, central: { size: 9 } })),
    },
    {
      name: "something behind the end of its deflate stream",
      make: () =>
        rawZip(
          altered("bagit.txt", {
            content: Buffer.concat([deflateRawSync(original.files.get("bagit.txt")!), Buffer.from("x")]),
            method: 8,
            local: { size: 55, crc: crc32(original.files.get("bagit.txt")!) },
            central: { size: 55, crc: crc32(original.files.get("bagit.txt")!) },
          }),
        ),
    },
    { name: "encryption", make: () => rawZip(altered("bagit.txt", { flags: 1 })) },
    { name: "an unknown method", make: () => rawZip(altered("bagit.txt", { method: 12 })) },
    {
      name: "two files at one place",
      make: () => rawZip(altered("bag-info.txt", { central: { offset: 0 } })),
    },
    {
      name: "an offset beyond its end",
      make: () => rawZip(altered("bag-info.txt", { central: { offset: 0x7fffffff } })),
    },
    {
      name: "a ZIP in it",
      make: () => rawZip(plus({ name: "P/data/attachments.zip", content: rawZip(entries) })),
    },
    { name: "nothing", make: () => Buffer.alloc(0) },
    { name: "no entry", make: () => rawZip([]) },
    { name: "text", make: () => Buffer.from("not a ZIP, but long enough to be searched for the end of one") },
  ])("is refused with $name", async ({ make }) => {
    const { ok, problems } = await verifyZip(make());
    expect(ok).toBe(false);
    expect(problems.length).toBeGreaterThan(0);
  });

  it("is refused, without being unpacked, with a bomb in the place of a record", async () => {
    const lie = { size: 256 * 1024 * 1024 };
    const bomb = { name: `P/data/records/${ID}.json`, content: Buffer.from("no deflate stream"), method: 8 };
    const { problems } = await verifyZip(rawZip(plus({ ...bomb, local: lie, central: lie })));
    const named = problems
      .filter(({ path }) => path === `data/records/${ID}.json`)
      .map(({ problem }) => problem);

    expect(named).toContain("larger than such a file can be");
    expect(named).not.toContain("damaged: it cannot be unpacked");
  });

  it("is refused, stopping at the size it admits to, with a bomb that lies about it", async () => {
    const content = Buffer.alloc(64 * 1024 * 1024);
    for (const path of [`data/records/${ID}.json`, "data/html/x.html"]) {
      const lie = { size: 100 };
      const { problems } = await verifyZip(
        rawZip(plus({ name: `P/${path}`, content, deflate: true, local: lie, central: lie })),
      );
      expect(problems.some((problem) => problem.path === path)).toBe(true);
    }
  });

  it("is refused, in bounded time, with 60,000 files too many", async () => {
    const more = Array.from({ length: 60_000 }, (_, i) => ({ name: `P/data/html/${i}.html` }));
    const { ok, problems } = await verifyZip(rawZip([...entries, ...more]));

    expect(ok).toBe(false);
    expect(problems).toHaveLength(1_001);
    expect(problems.at(-1)).toEqual({
      path: "",
      problem: expect.stringMatching(/^and \d+ more problems$/) as string,
    });
  });

  it("is refused wherever it is cut short", async () => {
    const whole = rawZip(entries);
    for (let length = 0; length < whole.length; length += 997)
      expect((await verifyZip(whole.subarray(0, length))).ok).toBe(false);
  });

  it("gives a report, whatever bytes in it are changed", async () => {
    const whole = rawZip(entries.map((entry) => ({ ...entry, deflate: true })));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        async (changes, atEnd) => {
          const bytes = Buffer.from(whole);
          // Half of the time in the directory, where it hurts most.
          for (const [at, value] of changes) bytes[atEnd ? whole.length - 1 - (at % 9_000) : at] = value;
          await expect(verifyZip(bytes)).resolves.toMatchObject({ problems: expect.any(Array) as unknown[] });
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("a package as a directory from anywhere", () => {
  it("is refused with links, pipes and folders in the place of files, none of which is opened", async () => {
    const path = await written({ receipt: false });
    const target = join(await scratch(), "secret");
    await writeFile(target, "secret");
    await unlink(join(path, "data/README.txt"));
    await symlink(target, join(path, "data/README.txt"));
    await symlink("/etc", join(path, "data/html/etc"));
    await unlink(join(path, "data/request.json"));
    execFileSync("mkfifo", [join(path, "data/request.json")]);
    await mkdir(join(path, "data/leaves/x/y/z"), { recursive: true });
    await rename(join(path, "data/gaps.jsonl"), join(path, "gaps"));
    await mkdir(join(path, "data/gaps.jsonl"));
    const { problems } = await verifyPackage(path);

    for (const problem of [
      { path: "data/README.txt", problem: "neither a file nor a folder" },
      { path: "data/html/etc", problem: "neither a file nor a folder" },
      { path: "data/request.json", problem: "neither a file nor a folder" },
      { path: "data/leaves/x/y", problem: "this folder has no place here" },
      { path: "data/gaps.jsonl", problem: "an empty folder has no place here" },
    ])
      expect(problems).toContainEqual(problem);
  });

  it("shows names without what a terminal would act on", async () => {
    const path = await written({ receipt: false });
    await writeFile(join(path, "data/\u001b[2Jx\n"), "");

    expect((await verifyPackage(path)).problems).toContainEqual({
      path: "data/?[2Jx?",
      problem: "does not belong into a package",
    });
  });
});

describe("a package with files from anywhere", () => {
  let original: MemoryPackage;
  let record: string;
  beforeAll(async () => {
    original = await inMemory({ receipt: false });
    record = [...original.files.keys()].find((path) => path.startsWith("data/records/"))!;
  });

  async function withFile(path: string, bytes: Buffer, hide = true) {
    const files = new Map(original.files).set(path, bytes);
    if (hide) remakeManifests(files);
    return verifyInMemory({ files, receipt: undefined });
  }

  it.each<{ name: string; change: (text: string) => string | Buffer }>([
    { name: "nothing", change: () => "" },
    { name: "null", change: () => "null" },
    { name: "white space in it", change: (text) => text.replace(":", ": ") },
    { name: "a byte order mark", change: (text) => `\ufeff${text}` },
    { name: "broken UTF-8", change: (text) => Buffer.concat([Buffer.from(text), Buffer.of(0xff)]) },
    { name: "a NUL", change: (text) => `${text}\0` },
    { name: "a member twice", change: (text) => text.replace("{", '{"account":"x",') },
    { name: "an unknown member", change: (text) => text.replace(/}$/, ',"z":1}') },
    { name: "100,000 levels", change: () => `${"[".repeat(100_000)}${"]".repeat(100_000)}` },
    { name: "a lone surrogate", change: (text) => text.replace('"v":1', '"v":"\\ud800"') },
    { name: "a prototype", change: (text) => text.replace("{", '{"__proto__":{},') },
  ])("is refused for a record with $name", async ({ change }) => {
    const text = original.files.get(record)!.toString();
    const { ok, problems } = await withFile(record, Buffer.from(change(text) as string));

    expect(ok).toBe(false);
    expect(problems.map(({ path }) => path)).toContain(record);
  });

  it.each<{ name: string; change: (text: string) => string }>([
    { name: "CRLF", change: (text) => text.replaceAll("\n", "\r\n") },
    {
      name: "upper-case digests",
      change: (text) => text.replace(/^[0-9a-f]{64}/, (hex) => hex.toUpperCase()),
    },
    { name: "binary marks", change: (text) => text.replaceAll("  ", " *") },
    { name: "a line twice", change: (text) => `${text}${text.split("\n")[0]!}\n` },
    { name: "a path that leads out", change: (text) => `${text}${"0".repeat(64)}  ../../etc/passwd\n` },
    { name: "a file that is not there", change: (text) => `${text}${"0".repeat(64)}  data/x\n` },
    { name: "a last line without its end", change: (text) => text.slice(0, -1) },
    { name: "a line of 20 MiB", change: (text) => `${text}${"0".repeat(20 * 1024 * 1024)}\n` },
    { name: "nothing", change: () => "" },
  ])("is refused for a manifest with $name", async ({ change }) => {
    for (const manifest of ["manifest-sha256.txt", "tagmanifest-sha256.txt"]) {
      const text = change(original.files.get(manifest)!.toString());
      expect((await withFile(manifest, Buffer.from(text), false)).ok).toBe(false);
    }
  });

  it.each([
    "data/index.csv",
    "data/session-keys.csv",
    "data/gaps.jsonl",
    "data/coverage.jsonl",
    "data/audit.jsonl",
  ])("is refused for anything else in %s", async (path) => {
    const text = original.files.get(path)!.toString();
    for (const other of [
      "",
      "\n",
      text.slice(0, -1),
      text + text,
      `${text}"\n`,
      `"${text}`,
      "null\n",
      "[]\n",
      `${"x".repeat(20 * 1024 * 1024)}\n`,
      `{"id":"${ID}"}\n`,
    ]) {
      const { ok, problems } = await withFile(path, Buffer.from(other));
      expect(ok).toBe(false);
      expect(problems.map((problem) => problem.path)).toContain(path);
    }
  });

  it.each([
    ...["data/logs/0/checkpoint", "data/logs/0/vkey", "data/request.json", "bagit.txt", "bag-info.txt"],
    ...["data/leaves/", "data/proofs/", "data/disposals/", "data/sealed/"],
  ])("gives a report, whatever is in %s", async (prefix) => {
    const path = [...original.files.keys()].find((name) => name.startsWith(prefix))!;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), async (content) => {
        await withFile(path, Buffer.from(content as string));
      }),
      { numRuns: 25 },
    );
  });

  it("gives a report, whatever the receipt is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .record({ leaf: fc.string(), proof: fc.string(), record: fc.string() })
            .map((value) => JSON.stringify(value)),
        ),
        async (content) => {
          expect((await verifyInMemory({ ...original, receipt: Buffer.from(content) })).ok).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
    const path = await written();
    await writeFile(`${path}.receipt`, Buffer.alloc(5 * 1024 * 1024));
    expect((await verifyPackage(path)).problems).toEqual([
      { path: "P.receipt", problem: "larger than a receipt can be" },
    ]);
  });

  it("writes nothing", async () => {
    const path = await written();
    const before = execFileSync("find", [path, "-printf", "%p %s %T@ %C@\n"]).toString();
    await verifyPackage(path);

    expect(execFileSync("find", [path, "-printf", "%p %s %T@ %C@\n"]).toString()).toBe(before);
    expect(await readFile(`${path}.receipt`)).not.toHaveLength(0);
  });
});
