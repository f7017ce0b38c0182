import { hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { directorySink, type PackageFormat, type PackageSink, writePackage, zipSink } from "@daybook/package";
import { ALL_FORMATS, type SampleArchive, sampleDepartment } from "@daybook/package/testing";
import { NO_OUTSIDERS } from "../src/attestations.ts";
import type { PackageFiles } from "../src/package-files.ts";
import { Problems } from "../src/problems.ts";
import { verifyFiles, type VerifyReport } from "../src/verify-package.ts";

const folders: string[] = [];
const foldersForAll: string[] = [];

/** A folder of the test's own, gone after it. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "daybook-verify-"));
  folders.push(folder);
  return folder;
}

/** As `scratch`, for the whole of a test file. */
export async function scratchForAll(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "daybook-verify-"));
  foldersForAll.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of foldersForAll.splice(0)) await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** Writes a package `P` and its receipt. @returns its path */
export async function written({
  archive = sampleDepartment(),
  formats = ALL_FORMATS,
  zip = false,
  receipt = true,
}: { archive?: SampleArchive; formats?: ReadonlySet<PackageFormat>; zip?: boolean; receipt?: boolean } = {}) {
  const folder = await scratch();
  const path = join(folder, zip ? "P.zip" : "P");
  const sink = zip ? zipSink("P", createWriteStream(path)) : directorySink(path);
  const { tagManifestSha256 } = await writePackage(archive.input("P", formats), sink);
  if (receipt) await writeFile(join(folder, "P.receipt"), await archive.receipt(tagManifestSha256));
  return path;
}

/** A package in memory: its files by path, and its receipt. */
export interface MemoryPackage {
  readonly files: Map<string, Buffer>;
  receipt: Buffer | undefined;
}

/** Writes a package into memory. */
export async function inMemory({
  archive = sampleDepartment(),
  receipt = true,
} = {}): Promise<MemoryPackage> {
  const files = new Map<string, Buffer>();
  const sink: PackageSink = {
    async add(path, body) {
      files.set(
        path,
        typeof body === "string"
          ? Buffer.from(body)
          : await buffer(Readable.from(body instanceof Uint8Array ? [body] : body)),
      );
    },
    async finish() {
      // Nothing is buffered.
    },
  };
  const { tagManifestSha256 } = await writePackage(archive.input("P"), sink);
  return { files, receipt: receipt ? await archive.receipt(tagManifestSha256) : undefined };
}

/** Verifies a package in memory. */
export async function verifyInMemory({ files, receipt }: MemoryPackage): Promise<VerifyReport> {
  const problems = new Problems();
  const container: PackageFiles = {
    sizes: new Map([...files].map(([path, bytes]) => [path, bytes.length])),
    read: (path) => files.get(path)!,
    async *stream(path) {
      yield files.get(path)!;
    },
    close: () => undefined,
  };
  const named = receipt && { name: "P.receipt", bytes: receipt };
  return verifyFiles(container, { given: [], outsiders: NO_OUTSIDERS, problems, receipt: named });
}

/** Makes bag-info and both manifests anew, as somebody would who hides a change. */
export function remakeManifests(files: Map<string, Buffer>): void {
  const payload = [...files].filter(([path]) => path.startsWith("data/"));
  const octets = payload.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  const info = files.get("bag-info.txt")?.toString() ?? "";
  const oxum = `Payload-Oxum: ${octets}.${payload.length}`;
  files.set("bag-info.txt", Buffer.from(info.replace(/^Payload-Oxum:.*$/m, oxum)));
  const lines = (of: (readonly [string, Buffer])[]) =>
    Buffer.from(of.map(([path, bytes]) => `${hash("sha256", bytes)}  ${path}\n`).join(""));
  files.set("manifest-sha256.txt", lines(payload));
  const tags = [...files].filter(([path]) => /^(?:bagit|bag-info|manifest-sha256)\.txt$/.test(path));
  files.set("tagmanifest-sha256.txt", lines(tags));
}
