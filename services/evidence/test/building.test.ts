import { hash, randomBytes } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { unzip } from "@daybook/package/testing";
import { decryptWithKey } from "@daybook/openpgp";
import { exporting, verified } from "./support/asking.ts";
import { MATTER, type Running, startEvidence } from "./support/running.ts";
import { keyPairs, message } from "./support/small-archive.ts";

/** More than lies in buffers between a server and a client that does not read on. */
const LARGE = 12 * 1024 * 1024;

let evidence: Running;
let officer: ReturnType<typeof exporting>;
beforeEach(() => started());
afterEach(() => evidence.stop());

async function started(given: Parameters<typeof startEvidence>[0] = {}): Promise<void> {
  evidence = await startEvidence(given);
  officer = exporting(evidence.person("officer", "records-officer"));
  await evidence.archive.archive("0", [
    message({ text: "the quorum is settled" }),
    message({ text: "at nine" }),
  ]);
}

async function addLarge(): Promise<void> {
  const { ref, key } = await evidence.archive.attach(randomBytes(LARGE), "plan.bin");
  await evidence.archive.archive("0", [message({ text: "the plan", attachments: [ref] }, [key])]);
}
const actions = () => evidence.published.map(({ event }) => event.audit!.action);
const left = () => readdir(evidence.packagesDir);

/** Holds every read of the store until it is let go. */
function gate() {
  const opened = Promise.withResolvers<undefined>();
  evidence.archive.stores.records.hook = () => opened.promise;
  return { open: () => opened.resolve(undefined) };
}
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(5);
}

describe("a package that is built", () => {
  it("is byte for byte the one that is streamed, as often as it is taken", async () => {
    const { ref, key } = await evidence.archive.attach(Buffer.from("terms"), "terms.txt");
    await evidence.archive.archive("0", [message({ text: "see this", attachments: [ref] }, [key])]);
    const { id } = await officer.ask();
    const streamed = await officer.take(id);
    const built = await officer.built(id);

    expect(built).toMatchObject({ state: "built", records: 4, attachments: 1, failure: null });
    expect(built.package).toMatchObject({
      file: "papers.zip",
      sizeBytes: streamed.length,
      sha256: hash("sha256", streamed),
      receipt: true,
    });
    for (let n = 0; n < 2; n += 1) {
      const { body, sizeBytes, mediaType } = await officer.download(id);
      expect([sizeBytes, mediaType]).toEqual([streamed.length, "application/zip"]);
      expect((await buffer(body)).equals(streamed)).toBe(true);
    }
    const receipt = await officer.take(id, "receipt");
    expect(await verified({ "papers.zip": streamed, "papers.receipt": receipt })).toMatchObject({
      ok: true,
      problems: [],
      receipt: true,
    });
  });

  it("tells how far it was: every record, those of conversations twice where copies are made", async () => {
    const plain = await officer.built((await officer.ask({ formats: ["records"] })).id);
    expect(plain.progress).toMatchObject({ stage: "receipt", done: 3, of: 3, ahead: 0, secondsLeft: null });
    expect(plain.progress!.bytes).toBe(plain.package!.sizeBytes);
    const copies = await officer.built((await officer.ask({ formats: ["records", "html"] })).id);
    expect(copies.progress).toMatchObject({ done: 5 + 2, of: 5 + 2 });
  });

  it("is in the log, as is each time that it is taken, before the first byte", async () => {
    const { id } = await officer.ask();
    const { package: built } = await officer.built(id);
    expect(actions()).toEqual(["export.start", "export.complete"]);
    await officer.take(id);
    await officer.take(id);
    expect(actions().slice(2)).toEqual(["export.download", "export.download"]);
    const { audit } = evidence.published.at(-1)!.event;
    expect(audit).toMatchObject({ actor: "officer", matter: MATTER, subject: id });
    expect(audit!.detail).toMatchObject({ sha256: built!.sha256, sizeBytes: built!.sizeBytes });

    evidence.beforeArchived = () => Promise.reject(new Error("down"));
    await expect(officer.take(id)).rejects.toMatchObject({ status: 503, code: "unavailable" });
    evidence.beforeArchived = () => undefined;
    evidence.faults.push("lost");
    await expect(officer.take(id)).rejects.toMatchObject({ status: 503 });
    evidence.faults.push("kept");
    await expect(officer.take(id)).rejects.toMatchObject({ status: 503 });
    expect((await officer.take(id)).length).toBe(built!.sizeBytes);
  });

  it("lies on the disk for its owner alone, and nothing of it can be read there", async () => {
    const { id } = await officer.ask();
    await officer.built(id);
    const [name] = await left();
    const path = join(evidence.packagesDir, name!);
    const kept = await readFile(path);
    for (const clear of ["papers", "quorum", "PK\u0003\u0004", "bagit"])
      expect(kept.includes(clear)).toBe(false);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("never looks whole when its file was altered", async () => {
    await addLarge();
    const { id } = await officer.ask();
    await officer.built(id);
    const path = join(evidence.packagesDir, (await left())[0]!);
    const kept = await readFile(path);
    kept.writeUInt8(kept.readUInt8(kept.length - 40) ^ 1, kept.length - 40);
    await writeFile(path, kept);
    await expect(officer.take(id)).rejects.toMatchObject({ code: "ECONNRESET" });
    await writeFile(path, kept.subarray(0, 65_552));
    await expect(officer.take(id)).rejects.toBeDefined();
  });

  it("is encrypted to the recipient, and so is its receipt", async () => {
    const [, recipient] = await keyPairs();
    const { id } = await officer.ask({ recipient: recipient!.armored.public });
    expect((await officer.built(id)).package).toMatchObject({ file: "papers.zip.pgp" });
    const open = async (bytes: Buffer) => Buffer.from(await decryptWithKey(bytes, recipient!.privateKey));
    const opened = {
      "papers.zip": await open(await officer.take(id)),
      "papers.receipt": await open(await officer.take(id, "receipt")),
    };
    expect(await verified(opened)).toMatchObject({ ok: true, receipt: true });
  });

  it("is taken again by whom the connection failed", async () => {
    await addLarge();
    const { id } = await officer.ask();
    const { package: built } = await officer.built(id);
    const { body } = await officer.download(id);
    for await (const _ of Readable.from(body)) break;
    body.destroy();
    expect(hash("sha256", await officer.take(id))).toBe(built!.sha256);
    expect((await officer.show(id)).state).toBe("built");
    expect(evidence.logged.join("")).not.toContain("request failed");
  });

  it("is built once, however often that is asked for", async () => {
    const { id } = await officer.ask();
    await Promise.all([officer.built(id), officer.built(id)]);
    await officer.built(id);
    expect(await left()).toHaveLength(1);
    expect(actions()).toEqual(["export.start", "export.complete"]);
  });

  it("is found only by whoever asked for it", async () => {
    const { id } = await officer.ask();
    const other = exporting(evidence.person("other", "records-officer", "auditor"));
    const nothing = { status: 404, code: "no-such-export" };
    await expect(other.build(id)).rejects.toMatchObject(nothing);
    expect((await officer.show(id)).state).toBe("ready");
    await officer.built(id);
    await expect(other.take(id)).rejects.toMatchObject(nothing);
    await expect(other.take(id, "receipt")).rejects.toMatchObject(nothing);
    expect(actions()).not.toContain("export.download");
  });

  it("is ready, and its receipt made when asked for, though the archiver was away at its end", async () => {
    const { id } = await officer.ask();
    evidence.beforeArchived = () => Promise.reject(new Error("down"));
    expect(await officer.built(id)).toMatchObject({ state: "built", package: { receipt: false } });
    evidence.beforeArchived = () => undefined;
    const files = {
      "papers.zip": await officer.take(id),
      "papers.receipt": await officer.take(id, "receipt"),
    };
    expect(await verified(files)).toMatchObject({ ok: true, receipt: true });
    expect((await officer.show(id)).package).toMatchObject({ receipt: true });
  });
});

describe("a package that is kept for long enough", () => {
  it("is removed and forgotten, and the list says that it is gone", async () => {
    await evidence.stop();
    await started({ keptMs: 20_000 });
    const { id } = await officer.ask();
    await officer.built(id);
    expect((await officer.list()).exports).toMatchObject([
      { id, state: "built", mine: true, name: "papers" },
    ]);
    await until(() =>
      officer.show(id).then(
        () => false,
        (error: unknown) => (error as { code?: unknown }).code === "no-such-export",
      ),
    );
    expect(await left()).toEqual([]);
    expect((await officer.list()).exports).toMatchObject([{ id, state: "gone", by: "officer" }]);
    const other = exporting(evidence.person("other", "reviewer"));
    expect((await other.list()).exports).toMatchObject([{ id, mine: false }]);
  });
});

describe("building", () => {
  it("is done two at a time: the next waits, and says how many are before it", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) ids.push((await officer.ask()).id);
    const held = gate();
    for (const id of ids) await officer.build(id);
    const shown = await Promise.all(ids.map((id) => officer.show(id)));
    expect(shown.map(({ state }) => state)).toEqual(["building", "building", "queued", "queued"]);
    expect(shown.map(({ progress }) => progress!.ahead)).toEqual([0, 0, 0, 1]);
    expect(shown[2]!.progress).toMatchObject({ stage: "waiting", startedAt: null, secondsLeft: null });
    await expect(officer.take(ids[0]!)).rejects.toMatchObject({ status: 409, code: "not-finished" });
    await expect(officer.take(ids[3]!, "receipt")).rejects.toMatchObject({ code: "not-finished" });
    held.open();
    for (const id of ids) expect((await officer.built(id)).state).toBe("built");
  });

  it("goes on while nobody looks, and is refused while too many wait", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 23; n += 1) ids.push((await officer.ask({ formats: ["records"] })).id);
    const held = gate();
    for (const id of ids.slice(0, 22)) await officer.build(id);
    await expect(officer.build(ids[22]!)).rejects.toMatchObject({ status: 503, code: "busy" });
    expect(await officer.show(ids[22]!)).toMatchObject({ state: "ready", progress: null });
    held.open();
    await until(async () => (await officer.show(ids[21]!)).state === "built");
    expect((await officer.built(ids[22]!)).state).toBe("built");
  });

  it("that fails in the middle leaves nothing, says why, and can be tried again", async () => {
    await addLarge();
    const { id } = await officer.ask();
    evidence.archive.stores.records.hook = ({ key }) => {
      if (key.startsWith("attachment/"))
        throw Object.assign(new Error("the quorum is settled"), { code: "EIO" });
    };
    expect(await officer.built(id)).toMatchObject({
      state: "failed",
      package: null,
      failure: { code: "failed", detail: "the package could not be made: see the server's log" },
    });
    expect(await left()).toEqual([]);
    expect(evidence.logged.join("")).not.toContain("quorum");
    evidence.archive.stores.records.hook = undefined;
    expect(await officer.built(id)).toMatchObject({ state: "built", failure: null });
  });

  it("is not begun while the package is being streamed", async () => {
    await addLarge();
    const { id } = await officer.ask();
    const { body } = await officer.download(id);
    await new Promise((resolve) => body.once("readable", resolve));
    await expect(officer.build(id)).rejects.toMatchObject({ status: 409, code: "already-taken" });
    await buffer(body);
  });

  it("is given up when the server stops, and leaves nothing", async () => {
    await addLarge();
    const { id } = await officer.ask();
    const done = await officer.ask();
    await officer.built(done.id);
    const held = gate();
    await officer.build(id);
    const dir = evidence.packagesDir;
    const stopping = evidence.stop();
    held.open();
    await stopping;
    await expect(readdir(dir)).rejects.toMatchObject({ code: "ENOENT" });
    await started();
  });
});

describe("an export of what was selected", () => {
  const files = async (id: string) => unzip(await officer.take(id));
  const recordsIn = async (id: string) =>
    [...(await files(id)).keys()].flatMap(
      (name) => /^papers\/data\/records\/(.*)\.json$/.exec(name)?.[1] ?? [],
    );

  it("holds that and the matter's audit, and says how it was selected", async () => {
    const [first, second] = evidence.archive.records.map(({ ref }) => ref.id);
    evidence.selection = [first!];
    const made = await officer.ask({ selection: true });
    expect(made).toMatchObject({ of: "selection", records: 2 });
    const ids = await recordsIn(made.id);
    expect(ids).toContain(first);
    expect(ids).not.toContain(second);
    const said = { records: 1, sha256: hash("sha256", `${first}\n`) };
    expect(evidence.published[0]!.event.audit!.detail).toMatchObject({ selection: said, filters: {} });
    const again = await officer.ask({ selection: true });
    const request = (await files(again.id)).get("papers/data/request.json")!;
    expect(JSON.parse(request.toString())).toMatchObject({ selection: said });
  });

  it.each([
    ["nothing is selected", [], undefined, {}, 422, "bad-request"],
    ["it is narrowed as well", ["0".repeat(32)], undefined, { query: "quorum" }, 422, "bad-request"],
    ["the list of it breaks off", ["0".repeat(32), "1".repeat(32)], 1, {}, 503, "unavailable"],
    ["the list of it lacks its end", ["0".repeat(32)], 1, {}, 503, "unavailable"],
  ])("is refused, without a trace, when %s", async (_what, selection, lines, more, status, code) => {
    evidence.selection = selection;
    evidence.selectionLines = lines;
    await expect(officer.ask({ selection: true, ...more })).rejects.toMatchObject({ status, code });
    expect(evidence.published).toEqual([]);
  });
});
