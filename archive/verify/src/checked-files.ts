import { createHash, hash } from "node:crypto";
import { lines } from "./lines.ts";
import type { PackageFiles } from "./package-files.ts";
import { BadFile, type Problems, reasonOf } from "./problems.ts";

const ALTERED = "altered: its SHA-256 is not the one in the manifest";
const MANIFEST_LINE = /^([0-9a-f]{64}) {2}([\x21-\x7e]+)$/;

/** A file and the digest of the very bytes that are judged. */
export interface CheckedFile {
  readonly bytes: Buffer;
  /** Hex. */
  readonly sha256: string;
}

/** Files that are compared with the manifests as they are read, each once. */
export class CheckedFiles {
  readonly #files: PackageFiles;
  readonly #problems: Problems;
  readonly #manifest = new Map<string, string>();
  readonly #unseen: Set<string>;
  readonly #refused = new Set<string>();
  /** Digests of the manifests themselves, hex. */
  readonly #own = new Map<string, string>();

  constructor(files: PackageFiles, problems: Problems) {
    this.#files = files;
    this.#problems = problems;
    this.#unseen = new Set(files.sizes.keys());
  }

  has(path: string): boolean {
    return this.#files.sizes.has(path);
  }

  sizeOf(path: string): number | undefined {
    return this.#files.sizes.get(path);
  }

  get paths(): IterableIterator<string> {
    return this.#files.sizes.keys();
  }

  /** Takes up a manifest's lines. What it names twice, or what is no line of it, is its problem. */
  async learn(manifest: string): Promise<void> {
    if (!this.has(manifest)) return;
    try {
      for await (const line of lines(this.#watched(manifest))) {
        const [, sha256, path] = MANIFEST_LINE.exec(line) ?? [];
        if (sha256 === undefined || path === undefined)
          this.#problems.add(manifest, "not a line of a manifest");
        else if (this.#manifest.has(path)) this.#problems.add(path, "listed twice in the manifests");
        else this.#manifest.set(path, sha256);
      }
    } catch (error) {
      this.#problems.add(manifest, reasonOf(error));
    }
  }

  /** Files that a manifest should list and does not, and files that it lists and that are not there. */
  compare(listed: (path: string) => boolean): void {
    for (const path of this.#manifest.keys()) if (!this.has(path)) this.#problems.add(path, "missing");
    for (const path of this.paths)
      if (listed(path) && !this.#manifest.has(path)) this.#problems.add(path, "in no manifest");
  }

  /** Leaves a file unread, whoever asks: what is wrong with it is known, and reading might take for ever. */
  refuse(path: string): void {
    this.#unseen.delete(path);
    this.#refused.add(path);
  }

  /** A small file, whatever is wrong with it; undefined when it cannot be read at all. */
  read(path: string): CheckedFile | undefined {
    this.#unseen.delete(path);
    if (this.#refused.has(path)) return undefined;
    return this.#problems.guard(path, () => {
      const bytes = this.#files.read(path);
      const sha256 = hash("sha256", bytes);
      this.#judge(path, sha256);
      return { bytes, sha256 };
    });
  }

  /** A file of any size, judged at its end. @throws {BadFile} */
  async *stream(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    this.#unseen.delete(path);
    const hashing = createHash("sha256");
    for await (const chunk of this.#files.stream(path)) {
      hashing.update(chunk);
      yield chunk;
    }
    this.#judge(path, hashing.digest("hex"));
  }

  /** Reads to the end. @returns the digest, hex; undefined when it cannot be read */
  async digest(path: string): Promise<string | undefined> {
    this.#unseen.delete(path);
    if (this.#refused.has(path)) return undefined;
    const hashing = createHash("sha256");
    try {
      for await (const chunk of this.#files.stream(path)) hashing.update(chunk);
    } catch (error) {
      this.#problems.add(path, reasonOf(error));
      return undefined;
    }
    const sha256 = hashing.digest("hex");
    this.#judge(path, sha256);
    return sha256;
  }

  /** Judges what no other check has read. */
  async rest(): Promise<void> {
    for (const path of [...this.#unseen]) await this.digest(path);
  }

  async *#watched(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    // A manifest is judged by the one above it; the topmost, which nothing lists, by the receipt.
    this.#unseen.delete(path);
    const hashing = createHash("sha256");
    for await (const chunk of this.#files.stream(path)) {
      hashing.update(chunk);
      yield chunk;
    }
    this.#own.set(path, hashing.digest("hex"));
  }

  /** Digest of a manifest that was learnt, hex. */
  digestOfManifest(path: string): string | undefined {
    return this.#own.get(path);
  }

  /** Compares the manifests with each other, once all are learnt. */
  judgeManifests(): void {
    for (const [path, sha256] of this.#own) this.#judge(path, sha256);
  }

  #judge(path: string, sha256: string): void {
    const expected = this.#manifest.get(path);
    if (expected !== undefined && expected !== sha256) this.#problems.add(path, ALTERED);
  }
}

/** @throws {BadFile} unless the bytes are UTF-8 without a byte order mark */
export function strictText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  if (text.includes("\ufffd") && !Buffer.from(text).equals(bytes)) throw new BadFile("not UTF-8");
  return text;
}
