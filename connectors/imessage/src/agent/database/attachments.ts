import { lstat, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { ConnectorError } from "@daybook/contract";
import type { AttachmentFile } from "../../reading/attachment-file.ts";
import type { PartFile, PartFiles } from "../spool/part-files.ts";

/** A file that nothing was written to for so long is taken to be whole. */
const QUIET_MS = 60_000;

/** What became of an attachment at one look. */
export type Looked = { readonly part: PartFile } | "waiting" | "outside" | "too-large";

/** Messages' folder of attachments. Follows no link out of it. */
export class Attachments {
  readonly #root: string;
  readonly #parts: PartFiles;

  constructor(root: string, parts: PartFiles) {
    this.#root = root;
    this.#parts = parts;
  }

  /**
   * Copies a file if it is there and whole.
   *
   * @param bytes how large it is to be; 0 where that is not known
   * @param isLast as it is, whole or not
   * @throws {ConnectorError} `store-unavailable`, retryable: the disk takes nothing
   */
  async take(
    { path, isOutside }: AttachmentFile,
    bytes: number,
    now: Date,
    isLast: boolean,
  ): Promise<Looked> {
    if (isOutside) return "outside";
    if (path === undefined) return "waiting";
    const at = join(this.#root, path);
    try {
      const { size, mtimeMs, isFile } = await statOf(at);
      if (!isFile) return "waiting";
      const root = await realpath(this.#root);
      if (!(await realpath(at)).startsWith(root + sep)) return "outside";
      const isWhole = (bytes > 0 && size >= bytes) || now.getTime() - mtimeMs >= QUIET_MS;
      if (!isWhole && !isLast) return "waiting";
      return { part: await this.#parts.put(at) };
    } catch (error) {
      if (!(error instanceof ConnectorError)) return "waiting";
      if (error.code === "too-large") return "too-large";
      throw error;
    }
  }

  /** Copies that came into no batch are removed. Not while `take` is under way. */
  async removeLoose(): Promise<void> {
    await this.#parts.removeLoose();
  }
}

async function statOf(path: string) {
  const found = await lstat(path);
  return { size: found.size, mtimeMs: found.mtimeMs, isFile: found.isFile() };
}
