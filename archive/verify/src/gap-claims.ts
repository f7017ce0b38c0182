import type { ArchiveRecord } from "@daybook/archive-core";
import type { Attachments } from "./attachments.ts";
import type { Problems } from "./problems.ts";

/** Checks which record or attachment a gap is said to be about. */
export class GapClaims {
  readonly #wanted: ReadonlySet<string>;
  readonly #seen = new Map<string, ArchiveRecord>();

  /** @param wanted ids that gaps name */
  constructor(wanted: ReadonlySet<string>) {
    this.#wanted = wanted;
  }

  see(record: ArchiveRecord): void {
    if (this.#wanted.has(record.id)) this.#seen.set(record.id, record);
  }

  /** A gap may name a record whose network id it has as target or subject, or an attachment of the package. */
  judge(
    claims: readonly { readonly about: string; readonly gap: ArchiveRecord }[],
    attachments: Attachments,
    problems: Problems,
  ): void {
    for (const { about, gap } of claims) {
      const record = this.#seen.get(about);
      const named = record?.networkId;
      const fits =
        record?.network === gap.network &&
        named !== undefined &&
        (named === gap.target || named === gap.gap?.about);
      if (!fits && !attachments.isCited(about))
        problems.add("data/gaps.jsonl", `the gap ${gap.id} is not about what its line says`);
    }
  }
}
