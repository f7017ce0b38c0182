import { hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  directorySink,
  PackageError,
  type PackageInput,
  type PackageRecord,
  writePackage,
  zipSink,
} from "../src/index.ts";
import { SampleArchive, sampleAttachment, sampleDepartment, sampleEvent, unzip } from "../testing/index.ts";
import { MemorySink, scratch } from "./scratch.ts";

async function* of<T>(...items: T[]): AsyncGenerator<T> {
  yield* items;
}

/** The same bytes but for one bit of the last. */
function other(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
  return copy;
}

describe("writePackage", () => {
  it("writes the same files, whether into a directory or into a ZIP", async () => {
    const input = () => ({ ...sample.input("P"), organisation: "Cabinet Office" });
    const sample = sampleDepartment();
    const folder = await scratch();
    const memory = new MemorySink();
    const report = await writePackage(input(), memory);
    await writePackage(input(), directorySink(join(folder, "P")));
    await writePackage(input(), zipSink("P", createWriteStream(join(folder, "P.zip"))));

    const zipped = await unzip(await readFile(join(folder, "P.zip")));
    expect([...zipped.keys()]).toEqual([...memory.files.keys()].map((path) => `P/${path}`));
    for (const [path, bytes] of memory.files) {
      expect(Buffer.compare(zipped.get(`P/${path}`)!, bytes)).toBe(0);
      expect(Buffer.compare(await readFile(join(folder, "P", path)), bytes)).toBe(0);
      expect((await stat(join(folder, "P", path))).mode & 0o777).toBe(0o600);
    }
    expect(memory.isFinished).toBe(true);
    expect(report).toEqual({
      records: 16,
      attachments: 2,
      gaps: 1,
      tagManifestSha256: hash("sha256", memory.files.get("tagmanifest-sha256.txt")!),
    });
    expect(memory.text("bag-info.txt")).toMatch(
      /^Source-Organization: Cabinet Office\nExternal-Identifier: P\nBagging-Date: 2026-03-09\nBag-Software-Agent: Daybook\nPayload-Oxum: \d+\.\d+\n$/,
    );
  });

  it("gives the same bytes for the same input, whenever it is asked", async () => {
    const sample = sampleDepartment();
    const zips = [];
    for (let i = 0; i < 2; i += 1) {
      const path = join(await scratch(), "P.zip");
      await writePackage(sample.input("P"), zipSink("P", createWriteStream(path)));
      zips.push(await readFile(path));
    }

    expect(Buffer.compare(zips[0]!, zips[1]!)).toBe(0);
  });

  it("names its files so that every system and sha256sum read the same", async () => {
    const archive = new SampleArchive();
    for (const name of ["../../x", "a/b", "CON", "%41\r\nb", "Ünïcode 🎈", "", ".", "-rf"])
      archive.add(
        "0",
        sampleEvent({
          custodian: { id: name || "x", name },
          conversation: { id: name || "x", title: name, kind: "direct" },
        }),
      );
    const sink = new MemorySink();
    await writePackage(archive.input("P"), sink);

    expect(sink.under("data/html/")).toHaveLength(9);
    for (const path of sink.files.keys())
      expect(path).toMatch(/^(?:[A-Za-z0-9][A-Za-z0-9._-]*\/)*[A-Za-z0-9][A-Za-z0-9._-]*$/);
  });

  it("writes a time-stamp of a checkpoint where there is one", async () => {
    const input = sampleDepartment().input("P");
    const [first, ...rest] = input.checkpoints as [PackageInput["checkpoints"][number]];
    const sink = new MemorySink();
    await writePackage({ ...input, checkpoints: [{ ...first, stamp: Buffer.from("tsr") }, ...rest] }, sink);

    expect(sink.text("data/logs/0/checkpoint.tsr")).toBe("tsr");
    expect(sink.text("data/logs/0/checkpoint")).toBe(first.note);
  });

  it("writes only what is evidence when no reading copy is asked for, and reads no threads", async () => {
    const input = sampleDepartment().input("P", new Set(["records"]));
    const sink = new MemorySink();
    const threads = () => {
      throw new Error("not to be read");
    };
    await writePackage({ ...input, threads }, sink);

    expect(sink.under("data/eml/").concat(sink.under("data/rsmf/"), sink.under("data/html/"))).toEqual([]);
  });

  it("keeps one of each content, whatever it is called, under a name that nothing runs", async () => {
    const archive = new SampleArchive();
    const content = "<script>alert(1)</script>";
    const files = [
      sampleAttachment(content, "a.html", "text/html"),
      sampleAttachment(content, "b.svg", "image/svg+xml"),
      sampleAttachment("photo", "photo.exe", "Image/JPEG; x=y"),
      sampleAttachment("voice", "voice.OGG", "application/octet-stream"),
    ];
    archive.add(
      "0",
      sampleEvent({ attachments: files.map(({ ref }) => ref) }),
      files.map(({ file }) => file),
    );
    const sink = new MemorySink();
    const { attachments } = await writePackage(archive.input("P"), sink);

    expect(attachments).toBe(3);
    expect(
      sink
        .under("data/attachments/")
        .map((path) => path.split(".").at(-1))
        .sort(),
    ).toEqual(["bin", "jpg", "ogg"]);
  });

  it.each([
    { name: "other bytes", content: "other", size: 5 },
    { name: "fewer bytes", content: "phot", size: 5 },
  ])(
    "fails, and leaves the package unfinished, when an attachment has $name than its record says",
    async ({ content }) => {
      const archive = new SampleArchive();
      const photo = sampleAttachment("photo", "a.jpg", "image/jpeg");
      archive.add("0", sampleEvent({ attachments: [photo.ref] }), [
        { ...photo.file, open: () => of(Buffer.from(content)) },
      ]);
      const sink = new MemorySink();

      await expect(writePackage(archive.input("P"), sink)).rejects.toMatchObject({
        code: "attachment-altered",
      });
      expect(sink.isFinished).toBe(false);
    },
  );

  it.each([
    { what: "record", altered: (one: PackageRecord) => ({ record: other(one.record) }) },
    { what: "sealed record", altered: (one: PackageRecord) => ({ sealed: other(one.sealed) }) },
    { what: "leaf", altered: (_: PackageRecord, next: PackageRecord) => ({ leaf: next.leaf }) },
  ])("fails, and leaves the package unfinished, when a $what is not what was logged", async ({ altered }) => {
    const archive = new SampleArchive();
    archive.add("0", sampleEvent({ text: "1" }));
    archive.add("0", sampleEvent({ text: "2" }));
    const input = archive.input("P");
    const all: PackageRecord[] = [];
    for await (const record of input.records()) all.push(record);
    const [a, b] = all as [PackageRecord, PackageRecord];
    const sink = new MemorySink();

    await expect(
      writePackage({ ...input, records: () => of({ ...a, ...altered(a, b) }, b) }, sink),
    ).rejects.toMatchObject({ code: "not-as-logged" });
    expect(sink.isFinished).toBe(false);
  });

  it("fails when records do not come in archive order, or a conversation comes twice", async () => {
    const archive = new SampleArchive();
    archive.add("0", sampleEvent({ text: "1" }));
    archive.add("0", sampleEvent({ text: "2", conversation: { id: "g2", title: "", kind: "group" } }));
    archive.add("1", sampleEvent({ text: "3" }));
    const input = archive.input("P");
    const all: PackageRecord[] = [];
    for await (const record of input.records()) all.push(record);
    const [a, b, c] = all as [PackageRecord, PackageRecord, PackageRecord];
    for (const order of [
      [b, a, c],
      [a, c, b],
      [a, a],
    ])
      await expect(
        writePackage({ ...input, records: () => of(...order) }, new MemorySink()),
      ).rejects.toMatchObject({ code: "out-of-order" });
    await expect(
      writePackage({ ...input, threads: () => of(a, b, a) }, new MemorySink()),
    ).rejects.toMatchObject({ code: "out-of-order" });
  });

  it.each(["../P", "a/b", "", ".", "a\nb", "%"])("refuses to call a package %j", async (name) => {
    await expect(
      writePackage({ ...sampleDepartment().input("P"), name }, new MemorySink()),
    ).rejects.toMatchObject({ code: "unsafe-name" });
    expect(() => zipSink(name, createWriteStream("/dev/null"))).toThrow(PackageError);
  });

  it("never replaces a file that is there", async () => {
    const folder = join(await scratch(), "P");
    const sample = sampleDepartment();
    await writePackage(sample.input("P"), directorySink(folder));
    const before = await readdir(folder);

    await expect(writePackage(sample.input("P"), directorySink(folder))).rejects.toMatchObject({
      code: "EEXIST",
    });
    expect(await readdir(folder)).toEqual(before);
  });

  it("fails with what its input fails with", async () => {
    const input = sampleDepartment().input("P");
    async function* failing() {
      yield* input.records();
      throw new Error("the store is gone");
    }

    await expect(writePackage({ ...input, records: failing }, new MemorySink())).rejects.toThrow(
      "the store is gone",
    );
  });
});
