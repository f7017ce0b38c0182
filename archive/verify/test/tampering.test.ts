import { hash } from "node:crypto";
import { decodeProof, encodeProof } from "@daybook/archive-core";
import { SampleArchive, sampleDepartment, sampleEvent } from "@daybook/package/testing";
import fc from "fast-check";
import { verifyPackage } from "../src/index.ts";
import { inMemory, type MemoryPackage, remakeManifests, verifyInMemory, written } from "./packages.ts";

/** What only the receipt vouches for. */
const READING = /^(?:bag-info\.txt|data\/(?:README\.txt|request\.json|(?:eml|rsmf|html)\/.*))$/;
const MANIFESTS = /manifest-sha256\.txt$/;

type Files = Map<string, Buffer>;

/** Runs a change on a copy of a package. @returns the files that are named as a problem */
async function changed(
  original: MemoryPackage,
  change: (files: Files, copy: MemoryPackage) => void,
  { hide = false } = {},
): Promise<string[]> {
  const copy = { files: new Map(original.files), receipt: original.receipt };
  change(copy.files, copy);
  if (hide) remakeManifests(copy.files);
  const { ok, problems } = await verifyInMemory(copy);
  expect(ok).toBe(problems.length === 0);
  return problems.map(({ path }) => path);
}

function flipped(bytes: Buffer, at: number, mask = 1): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ mask, at);
  return copy;
}

const lines = (files: Files, path: string) => files.get(path)!.toString().split("\n");
const put = (files: Files, path: string, content: readonly string[]) =>
  files.set(path, Buffer.from(content.join("\n")));
const inFolder = (files: Files, folder: string) =>
  [...files.keys()].filter((path) => path.startsWith(`data/${folder}/`));

describe("a package of which one file was touched", () => {
  let original: MemoryPackage;
  let bare: MemoryPackage;
  beforeAll(async () => {
    original = await inMemory();
    bare = { ...original, receipt: undefined };
    expect(await changed(original, () => undefined)).toEqual([]);
    expect(await changed(bare, remakeManifests)).toEqual([]);
  });

  it("is refused, naming the file, when it was changed, emptied, lengthened or removed", async () => {
    for (const [path, bytes] of original.files) {
      const longer = Buffer.concat([bytes, Buffer.from("\n")]);
      expect(await changed(original, (files) => files.set(path, longer))).toContain(path);
      expect(await changed(original, (files) => files.delete(path))).toContain(path);
      if (bytes.length === 0) continue;
      expect(await changed(original, (files) => files.set(path, Buffer.alloc(0)))).toContain(path);
      for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1])
        expect(await changed(original, (files) => files.set(path, flipped(bytes, at)))).toContain(path);
    }
  });

  it("is refused, naming the file, when one was added", async () => {
    const id = "0".repeat(32);
    for (const path of [
      ...["extra.txt", "data/extra.txt", ".hidden", "data/records/.x", "data/records/note.txt", "data/x/y"],
      ...[`data/records/${id}.json`, `data/sealed/${id}.pgp`, `data/leaves/${id}.leaf`, `data/eml/${id}.eml`],
      ...[
        `data/proofs/${id}.tlog-proof`,
        `data/disposals/${id}.json`,
        "data/logs/9/checkpoint",
        "data/logs/9/vkey",
      ],
      ...[`data/attachments/${"0".repeat(64)}.jpg`, "data/html/x.html", "data/rsmf/x.rsmf", "fetch.txt"],
    ]) {
      expect(await changed(original, (files) => files.set(path, Buffer.from("added")))).toContain(path);
      if (/^data\/(?:html|rsmf)\//.test(path)) continue;
      expect(await changed(bare, (files) => files.set(path, Buffer.from("added")), { hide: true })).toContain(
        path,
      );
    }
  });

  it("is refused, naming both files, when two of a kind were swapped", async () => {
    for (const folder of ["records", "sealed", "leaves", "proofs", "eml", "rsmf", "html", "attachments"]) {
      const [a, b] = inFolder(original.files, folder) as [string, string];
      const swap = (files: Files) => files.set(a, original.files.get(b)!).set(b, original.files.get(a)!);
      expect(await changed(original, swap)).toEqual(expect.arrayContaining([a, b]));
      if (!["eml", "rsmf", "html"].includes(folder))
        expect(await changed(bare, swap, { hide: true })).toEqual(expect.arrayContaining([a, b]));
    }
  });

  it("is refused, naming the file, when the change is hidden by new manifests, for all that is evidence", async () => {
    for (const [path, bytes] of bare.files) {
      if (READING.test(path) || MANIFESTS.test(path)) continue;
      const hide = path !== "bagit.txt";
      for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1])
        expect(await changed(bare, (files) => files.set(path, flipped(bytes, at)), { hide })).toContain(path);
      const removed = await changed(bare, (files) => files.delete(path), { hide });
      expect(removed.length).toBeGreaterThan(0);
      // What is left of a record that is gone names the record; of an attachment, its digest.
      const [stem = path] = path.split("/").at(-1)!.split(".");
      expect(removed.some((name) => name.includes(stem) || name === "data/index.csv")).toBe(true);
    }
  });

  it("is refused with its receipt when a reading copy was changed and the change hidden", async () => {
    for (const [path, bytes] of original.files) {
      if (!READING.test(path) || path === "bag-info.txt") continue;
      const vouched = "tagmanifest-sha256.txt";
      expect(
        await changed(original, (files) => files.set(path, flipped(bytes, 0)), { hide: true }),
      ).toContain(vouched);
      expect(await changed(original, (files) => files.delete(path), { hide: true })).toContain(vouched);
    }
  });

  it("is refused whichever byte of whichever file, or of the receipt, is changed", async () => {
    const targets = [...original.files.entries()].filter(([, bytes]) => bytes.length > 0);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: targets.length }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        fc.integer({ min: 1, max: 255 }),
        async (which, where, mask) => {
          const [path, bytes] = targets[which] ?? ["receipt", original.receipt!];
          const broken = flipped(bytes, Math.floor(where * bytes.length), mask);
          const change = (files: Files, copy: MemoryPackage) => {
            if (path === "receipt") copy.receipt = broken;
            else files.set(path, broken);
          };
          expect(await changed(original, change)).not.toEqual([]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is refused wherever the receipt is changed", async () => {
    for (let at = 0; at < original.receipt!.length; at += 7)
      expect(
        await changed(original, (_, copy) => (copy.receipt = flipped(original.receipt!, at))),
      ).not.toEqual([]);
  });
});

describe("a forger without the log's key", () => {
  let original: MemoryPackage;
  beforeAll(async () => {
    original = await inMemory({ receipt: false });
  });

  it("cannot put in the checkpoint of a log with another key, or of another shard", async () => {
    const forged = await inMemory({ archive: sampleDepartment({ seed: "forger" }), receipt: false });
    const path = "data/logs/0/checkpoint";

    expect(
      await changed(original, (files) => files.set(path, forged.files.get(path)!), { hide: true }),
    ).toContain(path);
    const move = (files: Files) => {
      for (const name of ["checkpoint", "vkey"])
        files.set(`data/logs/0/${name}`, files.get(`data/logs/1/${name}`)!);
    };
    expect(await changed(original, move, { hide: true })).toContain(path);
  });

  it("cannot pass off a whole package of its own on somebody who has the key", async () => {
    const path = await written({ archive: sampleDepartment({ seed: "forger" }), receipt: false });
    const keys = [sampleDepartment().checkpoint("0").vkey];

    expect((await verifyPackage(path)).ok).toBe(true);
    expect((await verifyPackage(path, { keys })).ok).toBe(false);
  });

  it("cannot roll the log back, which leaves proofs under a head that is not there", async () => {
    const archive = new SampleArchive();
    for (let i = 0; i < 5; i += 1) archive.add("0", sampleEvent({ text: `m${i}` }));
    const early = archive.checkpoint("0");
    for (let i = 0; i < 5; i += 1) archive.add("0", sampleEvent({ text: `n${i}` }));
    const whole = await inMemory({ archive, receipt: false });
    const roll = (files: Files) => files.set("data/logs/0/checkpoint", Buffer.from(early.note));

    expect(
      (await changed(whole, roll, { hide: true })).filter((name) => name.startsWith("data/proofs/")),
    ).toHaveLength(10);
  });

  it("cannot add a head of its own to the log", async () => {
    const note = original.files.get("data/logs/0/checkpoint")!.toString();
    const larger = note.replace("\n12\n", "\n13\n");
    expect(larger).not.toBe(note);

    expect(
      await changed(original, (files) => files.set("data/logs/0/checkpoint", Buffer.from(larger)), {
        hide: true,
      }),
    ).toContain("data/logs/0/checkpoint");
  });

  it("cannot move a record to another place in its log", async () => {
    const [first, second] = inFolder(original.files, "proofs") as [string, string];
    const move = (files: Files) => {
      const { hashes, checkpoint } = decodeProof(files.get(first)!.toString());
      const { index } = decodeProof(files.get(second)!.toString());
      files.set(first, Buffer.from(encodeProof({ index, hashes, checkpoint })));
    };

    expect(await changed(original, move, { hide: true })).toContain(first);
  });

  it.each(["data/index.csv", "data/session-keys.csv"])("cannot reorder the records in %s", async (name) => {
    const swap = (files: Files) => {
      const all = lines(files, name);
      [all[2], all[3]] = [all[3]!, all[2]!];
      put(files, name, all);
    };

    expect(await changed(original, swap, { hide: true })).toContain(name);
  });

  it.each(["index.csv", "session-keys.csv", "audit.jsonl", "coverage.jsonl", "gaps.jsonl"])(
    "cannot leave a line out of %s, double or change one",
    async (file) => {
      const name = `data/${file}`;
      const edits: ((all: string[]) => void)[] = [
        (all) => void all.splice(all.length - 2, 1),
        (all) => void all.splice(1, 0, all[all.length - 2]!),
        (all) =>
          void all.splice(
            all.length - 2,
            1,
            all[all.length - 2]!.replace(/.$/, (c) => (c === "0" ? "1" : "0")),
          ),
        (all) => void all.splice(all.length - 2, 1, ""),
      ];
      for (const edit of edits) {
        const change = (files: Files) => {
          const all = lines(files, name);
          edit(all);
          put(files, name, all);
        };
        expect(await changed(original, change, { hide: true })).toContain(name);
      }
    },
  );

  it("cannot withdraw a record by calling it disposed of", async () => {
    const id = inFolder(original.files, "records")[0]!.slice("data/records/".length, -".json".length);
    const certificate = (JSON.parse(lines(original.files, "data/audit.jsonl")[1]!) as { id: string }).id;
    const withdraw = (files: Files) => {
      for (const path of [`records/${id}.json`, `sealed/${id}.pgp`, `eml/${id}.eml`])
        files.delete(`data/${path}`);
      files.set(`data/disposals/${id}.json`, Buffer.from(JSON.stringify({ auditId: certificate, id })));
      for (const name of ["data/index.csv", "data/session-keys.csv"])
        put(
          files,
          name,
          lines(files, name).filter((line) => !line.startsWith(id)),
        );
    };

    expect(await changed(original, withdraw, { hide: true })).toEqual([`data/disposals/${id}.json`]);
  });

  it("cannot show one record as two", async () => {
    const id = inFolder(original.files, "records")[0]!.slice("data/records/".length, -".json".length);
    const twin = "0".repeat(32);
    const copy = (files: Files) => {
      for (const path of [
        `records/${id}.json`,
        `sealed/${id}.pgp`,
        `leaves/${id}.leaf`,
        `proofs/${id}.tlog-proof`,
      ])
        files.set(`data/${path.replace(id, twin)}`, files.get(`data/${path}`)!);
      for (const name of ["data/index.csv", "data/session-keys.csv"]) {
        const all = lines(files, name);
        const at = all.findIndex((line) => line.startsWith(id));
        all.splice(at, 0, all[at]!.replace(id, twin));
        put(files, name, all);
      }
    };
    const paths = await changed(original, copy, { hide: true });

    expect(paths).toContain(`data/records/${twin}.json`);
    expect(paths.filter((path) => path.startsWith("data/proofs/"))).toHaveLength(1);
  });

  it("cannot use another package's receipt, or one that its own key signed", async () => {
    const own = await inMemory();
    const other = await inMemory({ archive: sampleDepartment() });
    expect(await changed(own, (_, copy) => (copy.receipt = other.receipt))).toContain(
      "tagmanifest-sha256.txt",
    );

    const digest = hash("sha256", own.files.get("tagmanifest-sha256.txt")!);
    const receipt = await new SampleArchive({ seed: "forger" }).receipt(digest);
    expect(await changed(own, (_, copy) => (copy.receipt = receipt))).toContain("P.receipt");
  });
});
