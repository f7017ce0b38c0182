import type { ArchiveRecord } from "@daybook/archive-core";
import type { CheckedFiles } from "./checked-files.ts";
import { SAFE_EXTENSIONS } from "./layout.ts";
import type { Problems } from "./problems.ts";

interface Cited {
  readonly sizeBytes: number;
  /** Of the record that cites it. */
  readonly path: string;
  isRequired: boolean;
}

/** What records cite, and whether it is there. */
export class Attachments {
  readonly #problems: Problems;
  readonly #cited = new Map<string, Cited>();

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Notes what a record cites. An imported file, which a notice cites, may be left out of a package. */
  cite({ id, kind, attachments }: ArchiveRecord): void {
    const path = `data/records/${id}.json`;
    for (const { sha256, sizeBytes } of attachments ?? []) {
      const known = this.#cited.get(sha256) ?? { sizeBytes, path, isRequired: false };
      if (known.sizeBytes !== sizeBytes)
        this.#problems.add(path, "an attachment has another size than elsewhere");
      known.isRequired ||= kind !== "notice";
      this.#cited.set(sha256, known);
    }
  }

  isCited(sha256: string): boolean {
    return this.#cited.has(sha256);
  }

  /** Compares what is there with what was cited, once every record is read. */
  async check(files: CheckedFiles): Promise<void> {
    const found = new Set<string>();
    for (const path of [...files.paths]) {
      const [, sha256, extension] = /^data\/attachments\/([0-9a-f]{64})\.([a-z0-9]+)$/.exec(path) ?? [];
      if (sha256 === undefined || extension === undefined) continue;
      const problem = await this.#judge(path, { sha256, extension }, files);
      if (found.has(sha256)) this.#problems.add(path, "the same attachment twice");
      if (problem !== undefined) this.#problems.add(path, problem);
      found.add(sha256);
    }
    for (const [sha256, { path, isRequired }] of this.#cited)
      if (isRequired && !found.has(sha256))
        this.#problems.add(`data/attachments/${sha256}`, `missing, though ${path} cites it`);
  }

  async #judge(
    path: string,
    { sha256, extension }: { sha256: string; extension: string },
    files: CheckedFiles,
  ): Promise<string | undefined> {
    if (!SAFE_EXTENSIONS.has(extension)) return "a name under which it might be run";
    const cited = this.#cited.get(sha256);
    if (cited?.sizeBytes === files.sizeOf(path))
      return (await files.digest(path)) === sha256 ? undefined : "not the content that its record cites";
    files.refuse(path);
    return cited ? "not the size that its record says" : "no record cites it";
  }
}
