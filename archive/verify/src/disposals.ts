import { type ArchiveRecord, type Json, parseCanonical } from "@daybook/archive-core";
import { strictText, type CheckedFiles } from "./checked-files.ts";
import { BadFile, type Problems } from "./problems.ts";

const ID = /^[0-9a-f]{32}$/;

/** Records that are gone under authority: each has a certificate, an audit record that names it. */
export class Disposals {
  readonly #problems: Problems;
  /** Disposed records' ids by the certificate's, until that is seen. */
  readonly #open = new Map<string, Set<string>>();
  readonly ids = new Set<string>();

  constructor(files: CheckedFiles, problems: Problems) {
    this.#problems = problems;
    for (const path of files.paths) {
      const id = /^data\/disposals\/([0-9a-f]{32})\.json$/.exec(path)?.[1];
      if (id === undefined) continue;
      this.ids.add(id);
      const file = files.read(path);
      const auditId =
        file && problems.guard(path, () => certificateOf(id, parseCanonical(strictText(file.bytes))));
      if (auditId !== undefined) this.#open.set(auditId, (this.#open.get(auditId) ?? new Set()).add(id));
    }
  }

  /** Looks for certificates among the records. */
  see({ id, kind, audit }: ArchiveRecord): void {
    const certified = this.#open.get(id);
    if (!certified || kind !== "audit" || !audit) return;
    const text = JSON.stringify([audit.subject, audit.detail]);
    for (const disposed of [...certified]) if (text.includes(disposed)) certified.delete(disposed);
  }

  /** What stayed without a certificate, once every record is read. */
  finish(): void {
    for (const certified of this.#open.values())
      for (const id of certified)
        this.#problems.add(
          `data/disposals/${id}.json`,
          "its certificate is not an audit record here that names it",
        );
  }
}

function certificateOf(id: string, value: Json): string {
  const { auditId, id: own, ...more } = (value ?? {}) as { readonly [name: string]: Json };
  if (own !== id || typeof auditId !== "string" || !ID.test(auditId) || Object.keys(more).length > 0)
    throw new BadFile("not a reference to the certificate of this record");
  return auditId;
}
