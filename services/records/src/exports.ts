import type { ArchiveRecord } from "@daybook/archive-core";
import { sortTime } from "@daybook/contract";
import { PLACES } from "./apply.ts";
import { type Cells, foldName } from "./cells.ts";
import type { Tx } from "./database.ts";

const MAX_EXPORTS = 10_000;
const DAY_LENGTH = "2026-03-04".length;
const DAY_MS = 86_400_000;
const SECOND_MS = 1_000;

/** What has left the archive, as far as a disposal has to say. */
export class Exports {
  readonly #cells: Cells;

  constructor(cells: Cells) {
    this.#cells = cells;
  }

  /**
   * Exports that may hold one of these records: judged by what each asked for, so never too few. Words are not
   * judged, nor is a name that no custodian has any more.
   */
  async holding(tx: Tx, records: readonly ArchiveRecord[]): Promise<string[]> {
    const rows = await tx.query<{ id: string; filters: Buffer; at: Date }>(
      `SELECT id, filters, at FROM records.export ORDER BY id LIMIT ${MAX_EXPORTS}`,
    );
    const holding: string[] = [];
    for (const { id, filters, at } of rows) {
      const asked = JSON.parse(this.#cells.open(PLACES.exportFilters(id), filters)) as Record<string, string>;
      const custodian = await this.#custodianIds(tx, asked["custodian"]);
      const before = at.toISOString();
      if (records.some((record) => record.capturedAt <= before && mayHold(asked, custodian, record)))
        holding.push(id);
    }
    return holding;
  }

  /** Undefined where anybody's records may have been meant. */
  async #custodianIds(tx: Tx, nameOrId: string | undefined): Promise<ReadonlySet<string> | undefined> {
    if (nameOrId === undefined) return undefined;
    const rows = await tx.query<{ id: string }>(
      "SELECT id FROM records.custodian WHERE id::text = $1 OR name_key = $2",
      [nameOrId, this.#cells.lookup("custodian", foldName(nameOrId))],
    );
    return rows.length === 0 ? undefined : new Set(rows.map((row) => row.id));
  }
}

function mayHold(
  asked: Readonly<Record<string, string>>,
  custodians: ReadonlySet<string> | undefined,
  record: ArchiveRecord,
): boolean {
  const { network, conversation, from, to } = asked;
  if (custodians && !(record.custodian && custodians.has(record.custodian.id))) return false;
  if (network !== undefined && record.network !== network) return false;
  // Edits, reactions and notices follow what they are about, whatever their own time and conversation.
  if (record.kind !== "message") return true;
  const at = Date.parse(sortTime(record));
  return (
    (conversation === undefined ||
      record.conversation?.id === conversation ||
      record.conversation?.title.normalize("NFC") === conversation.normalize("NFC")) &&
    !(from !== undefined && at < timeOf(from)) &&
    !(to !== undefined && at >= timeOf(to) + (to.length === DAY_LENGTH ? DAY_MS : SECOND_MS))
  );
}

/** Milliseconds since 1970; not a number, with which nothing compares, for what is no time. */
function timeOf(text: string): number {
  return Date.parse(text.length === DAY_LENGTH || /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
}
