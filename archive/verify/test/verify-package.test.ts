import { rename } from "node:fs/promises";
import { join } from "node:path";
import { SAFE_EXTENSIONS as WRITTEN_EXTENSIONS } from "@daybook/package";
import { SampleArchive, sampleAttachment, sampleDepartment, sampleEvent } from "@daybook/package/testing";
import { verifyPackage } from "../src/index.ts";
import { SAFE_EXTENSIONS } from "../src/layout.ts";
import { inMemory, remakeManifests, scratch, verifyInMemory, written } from "./packages.ts";

describe("verifyPackage", () => {
  it.each([
    { name: "a directory", zip: false },
    { name: "a ZIP", zip: true },
  ])("accepts $name with its receipt", async ({ zip }) => {
    const path = await written({ zip });

    expect(await verifyPackage(path)).toEqual({
      ok: true,
      records: 16,
      problems: [],
      logs: [
        { origin: "sample/0", size: 12, witnessed: [], unknownWitnesses: [] },
        { origin: "sample/1", size: 3, witnessed: [], unknownWitnesses: [] },
        { origin: "sample/audit", size: 2, witnessed: [], unknownWitnesses: [] },
      ],
      keyFrom: "package",
      receipt: true,
    });
  });

  it("accepts a package without receipt, and says that it had none", async () => {
    const path = await written({ receipt: false });

    expect(await verifyPackage(path)).toMatchObject({ ok: true, receipt: false });
  });

  it("finds a receipt beside a directory whose path ends in a slash, or elsewhere when told", async () => {
    const path = await written();
    expect(await verifyPackage(`${path}/`)).toMatchObject({ ok: true, receipt: true });

    const elsewhere = join(await scratch(), "receipt");
    await rename(`${path}.receipt`, elsewhere);
    expect(await verifyPackage(path)).toMatchObject({ ok: true, receipt: false });
    expect(await verifyPackage(path, { receipt: elsewhere })).toMatchObject({ ok: true, receipt: true });
    expect(await verifyPackage(path, { receipt: `${elsewhere}-missing` })).toMatchObject({ ok: false });
  });

  it("accepts a package of records alone, and one of an archive that holds only audit", async () => {
    expect(await verifyPackage(await written({ formats: new Set(["records"]) }))).toMatchObject({
      ok: true,
      records: 16,
    });

    const empty = new SampleArchive();
    empty.add("audit", {
      ...sampleEvent({ kind: "audit", network: "daybook", method: "internal" }),
      audit: { actor: "a", action: "export" },
    });
    expect(await verifyPackage(await written({ archive: empty }))).toMatchObject({ ok: true, records: 1 });
  });

  it("takes given keys before the package's own, and says where the keys came from", async () => {
    const archive = sampleDepartment();
    const path = await written({ archive });
    const keys = ["0", "1", "audit"].map((shard) => archive.checkpoint(shard).vkey);

    expect(await verifyPackage(path, { keys })).toMatchObject({ ok: true, keyFrom: "given" });
    expect(await verifyPackage(path, { keys: keys.slice(0, 2) })).toMatchObject({
      ok: true,
      keyFrom: "package",
    });
  });

  it("refuses a package when a given key is another one, or that of no log in it", async () => {
    const path = await written();
    const { vkey } = sampleDepartment({ seed: "other" }).checkpoint("0");
    expect(await verifyPackage(path, { keys: [vkey] })).toMatchObject({
      ok: false,
      problems: [
        { path: "data/logs/0/vkey", problem: "not the key that was given for this log" },
        { path: "data/logs/0/checkpoint", problem: "not signed by the log's key" },
      ],
    });

    const elsewhere = sampleDepartment({ deployment: "elsewhere" }).checkpoint("0").vkey;
    expect(await verifyPackage(path, { keys: [elsewhere] })).toMatchObject({
      ok: false,
      problems: [{ path: "data/logs", problem: "the given key elsewhere/0 is the key of no log here" }],
    });
    await expect(verifyPackage(path, { keys: ["nonsense"] })).rejects.toMatchObject({ code: "bad-key" });
  });

  it("says so when there is no package at that path", async () => {
    await expect(verifyPackage(join(await scratch(), "none"))).rejects.toMatchObject({ code: "not-found" });
  });

  it("accepts an imported file that is in the package as well as one that was left out", async () => {
    const archive = new SampleArchive();
    const source = sampleAttachment("chat", "WhatsApp Chat.txt", "text/plain");
    archive.add("0", sampleEvent({ kind: "notice", attachments: [source.ref] }), [source.file]);

    expect(await verifyPackage(await written({ archive, receipt: false }))).toMatchObject({ ok: true });
  });

  it("refuses a package that lacks an attachment which a message cites", async () => {
    const archive = new SampleArchive();
    const photo = sampleAttachment("photo", "a.jpg", "image/jpeg");
    archive.add("0", sampleEvent({ attachments: [photo.ref] }));
    const { ok, problems } = await verifyPackage(await written({ archive, receipt: false }));

    expect(ok).toBe(false);
    expect(problems.map(({ path }) => path)).toEqual([`data/attachments/${photo.ref.sha256}`]);
  });

  it("tells how far it is", async () => {
    const archive = new SampleArchive();
    for (let i = 0; i < 600; i += 1) archive.add("0", sampleEvent({ text: String(i) }));
    const seen: number[] = [];
    await verifyPackage(await written({ archive, zip: true }), {
      onProgress: (records) => seen.push(records),
    });

    expect(seen).toEqual([256, 512]);
  });

  it("knows every extension that packages are written with, and no other", () => {
    expect([...SAFE_EXTENSIONS].sort()).toEqual([...new Set([...WRITTEN_EXTENSIONS.values(), "bin"])].sort());
  });

  describe("on what a gap is about", () => {
    async function withAbout(about: string) {
      const archive = new SampleArchive();
      const other = archive.add("0", sampleEvent({ networkId: "n1" }));
      const record = archive.add("0", sampleEvent({ networkId: "n3", text: "with photo" }));
      const gap = archive.add(
        "0",
        sampleEvent({ kind: "gap", target: "n3", gap: { why: "expired", about: "photo.jpg" } }),
      );
      const copy = await inMemory({ archive, receipt: false });
      const named = { record, other, gap }[about] ?? about;
      const line = copy.files.get("data/gaps.jsonl")!.toString();
      const changed = line.replace('"about":"photo.jpg"', `"about":${JSON.stringify(named)}`);
      copy.files.set("data/gaps.jsonl", Buffer.from(changed));
      remakeManifests(copy.files);
      return verifyInMemory(copy);
    }

    it.each(["photo.jpg", "record"])("accepts %s", async (about) => {
      expect(await withAbout(about)).toMatchObject({ ok: true, problems: [] });
    });

    it.each(["other", "gap", "something else"])("refuses %s", async (about) => {
      expect(await withAbout(about)).toMatchObject({ ok: false, problems: [{ path: "data/gaps.jsonl" }] });
    });
  });
});
