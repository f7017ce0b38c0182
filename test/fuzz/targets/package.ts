import { createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";
import { type PackageSink, writePackage, zipSink } from "@daybook/package";
import { sampleDepartment } from "@daybook/package/testing";
import { verifyPackage } from "@daybook/verify";
import { holds, type Target } from "../target.ts";

const nothing = () => false;

async function sampleFiles(): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const sink: PackageSink = {
    async add(path, body) {
      const parts = typeof body === "string" || body instanceof Uint8Array ? [Buffer.from(body)] : body;
      files.set(path, await buffer(Readable.from(parts)));
    },
    finish: () => Promise.resolve(),
  };
  await writePackage(sampleDepartment().input("P"), sink);
  return files;
}

async function zipTo(path: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  const out = createWriteStream(path);
  const sink = zipSink("P", out);
  for (const [name, content] of files) await sink.add(name, content);
  await sink.finish();
  if (!out.writableEnded) out.end();
  await finished(out);
}

/** The bytes of the ZIP itself. */
const archive: Target = {
  name: "package-zip",
  async prepare(dir) {
    const path = join(dir, "P.zip");
    await zipTo(path, await sampleFiles());
    return {
      samples: [await readFile(path)],
      async read(bytes) {
        await writeFile(path, bytes);
        const report = await verifyPackage(path);
        holds(report.ok === (report.problems.length === 0), "a package with problems is not good");
      },
      declared: nothing,
    };
  },
};

/** One file of a package, whatever says what it should be left as it was. */
const content: Target = {
  name: "package-files",
  async prepare(dir) {
    const path = join(dir, "P.zip");
    const files = await sampleFiles();
    const texts = [...files].filter(
      ([name]) => /\.(?:txt|csv|json|jsonl|tlog-proof|pgp)$|checkpoint/.test(name) && !/read/i.test(name),
    );
    return {
      // The first byte says which file it is, so that a case follows from its bytes alone.
      samples: texts.map(([, bytes], at) => Buffer.concat([Buffer.from([at & 0xff]), bytes])),
      async read(input) {
        const bytes = input.subarray(1);
        const [name, was] = texts[(input[0] ?? 0) % texts.length] ?? ["", Buffer.alloc(0)];
        await zipTo(path, new Map([...files, [name, bytes]]));
        const report = await verifyPackage(path);
        holds(!report.ok || bytes.equals(was) || isTagManifest(name), "a changed file is noticed");
      },
      declared: nothing,
    };
  },
};

/** Nothing in the package itself speaks for the last manifest: its receipt does. */
function isTagManifest(name: string): boolean {
  return name === "tagmanifest-sha256.txt";
}

export const packageTargets: readonly Target[] = [archive, content];
