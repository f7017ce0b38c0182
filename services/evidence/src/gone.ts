import { EvidenceError } from "./error.ts";
import type { RecordsService } from "./ports.ts";

/** Records of an export whose session keys were gone when they were opened. Each must have been disposed of. */
export class Gone {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.add(id);
  }

  /** @throws {EvidenceError} `unavailable` when one of them was not: a package that leaves it out would be wrong */
  async check(records: Pick<RecordsService, "disposals">): Promise<void> {
    if (this.#ids.size === 0) return;
    const unexplained = new Set(this.#ids);
    for await (const { id } of records.disposals()) unexplained.delete(id);
    if (unexplained.size === 0) return;
    throw new EvidenceError(
      "unavailable",
      `the session keys of ${unexplained.size} records are missing, though nobody disposed of them: an administrator runs \`daybook keys restore\``,
    );
  }
}
