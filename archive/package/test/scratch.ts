import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { FileBody, PackageSink } from "../src/index.ts";

const folders: string[] = [];

/** A folder of the test's own, gone after it. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "daybook-package-"));
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** All of a file's bytes. */
export function bytesOf(body: FileBody): Promise<Buffer> {
  if (typeof body === "string") return Promise.resolve(Buffer.from(body));
  return buffer(Readable.from(body instanceof Uint8Array ? [body] : body));
}

/** A package in memory. */
export class MemorySink implements PackageSink {
  readonly files = new Map<string, Buffer>();
  isFinished = false;

  async add(path: string, body: FileBody): Promise<void> {
    this.files.set(path, await bytesOf(body));
  }

  async finish(): Promise<void> {
    this.isFinished = true;
  }

  text(path: string): string {
    return this.files.get(path)!.toString();
  }

  under(prefix: string): string[] {
    return [...this.files.keys()].filter((path) => path.startsWith(prefix));
  }
}
