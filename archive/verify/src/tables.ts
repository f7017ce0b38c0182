import { type ArchiveRecord, type Json } from "@daybook/archive-core";
import type { CheckedFiles } from "./checked-files.ts";
import { lines, rows } from "./lines.ts";
import { type Problems, reasonOf } from "./problems.ts";
import { expectedRow, expectedView, INDEX_HEADER } from "./rows.ts";

export const SESSION_KEYS = "data/session-keys.csv";
const INDEX = "data/index.csv";
const VIEWS = { gap: "data/gaps.jsonl", coverage: "data/coverage.jsonl", audit: "data/audit.jsonl" } as const;
const ID = /^[0-9a-f]{32}$/;

/** The files with a line a record. Each line is claimed by its record; what is left over has none. */
export class Tables {
  readonly #problems: Problems;
  readonly #keys = new Map<string, string>();
  readonly #index = new Map<string, string>();
  readonly #views = {
    gap: new Map<string, string>(),
    coverage: new Map<string, string>(),
    audit: new Map<string, string>(),
  };
  #hasHeader = false;
  /** Ids as `index.csv` has them, which has to be archive order. */
  #order: string[] = [];
  #keyOrder: string[] = [];
  readonly #claims: { id: string; about: string; gap: ArchiveRecord }[] = [];

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  async read(files: CheckedFiles): Promise<void> {
    await this.#each(files, SESSION_KEYS, lines, (line) =>
      this.#take(SESSION_KEYS, this.#keys, line.slice(0, 32), line.slice(33), line[32] === ","),
    );
    await this.#each(files, INDEX, rows, (row) => {
      if (this.#hasHeader) this.#take(INDEX, this.#index, row.slice(0, 32), row, row[32] === "|");
      else if (row !== INDEX_HEADER) this.#problems.add(INDEX, "its first row does not name the columns");
      this.#hasHeader = true;
    });
    if (files.has(INDEX) && !this.#hasHeader)
      this.#problems.add(INDEX, "its first row does not name the columns");
    for (const kind of ["gap", "coverage", "audit"] as const)
      await this.#each(files, VIEWS[kind], lines, (line) => {
        const id = memberOf(line, "id");
        this.#take(VIEWS[kind], this.#views[kind], typeof id === "string" ? id : "", line, true);
      });
    this.#order = [...this.#index.keys()];
    this.#keyOrder = [...this.#keys.keys()];
  }

  /** The session key of a record, which only one record may claim. */
  claimKey(id: string): string | undefined {
    const key = this.#keys.get(id);
    if (key === undefined) this.#problems.add(SESSION_KEYS, `no key for record ${id}`);
    this.#keys.delete(id);
    return key;
  }

  /** Compares what the tables say of a record with the record. */
  claim(record: ArchiveRecord, place: { shard: string; index: number }): void {
    const { id, kind } = record;
    const row = this.#index.get(id);
    this.#index.delete(id);
    if (row !== expectedRow(record, place))
      this.#problems.add(INDEX, `its row of record ${id} is missing or wrong`);
    if (kind !== "gap" && kind !== "coverage" && kind !== "audit") return;
    const line = this.#views[kind].get(id);
    this.#views[kind].delete(id);
    const about = kind === "gap" ? memberOf(line, "about") : undefined;
    if (line === undefined || line !== expectedView(record, about))
      this.#problems.add(VIEWS[kind], `its line of record ${id} is missing or wrong`);
    else if (typeof about === "string" && about !== record.gap?.about)
      this.#claims.push({ id, about, gap: record });
  }

  /** What gaps say they are about, where that is not in the gap's own record. */
  get claims(): readonly { readonly id: string; readonly about: string; readonly gap: ArchiveRecord }[] {
    return this.#claims;
  }

  /** Ids of records that gaps may say they are about. */
  get aboutIds(): Set<string> {
    return new Set(
      [...this.#views.gap.values()]
        .map((line) => memberOf(line, "about"))
        .filter((about) => typeof about === "string"),
    );
  }

  /** Lines of no record, and rows out of archive order. */
  finish(places: ReadonlyMap<string, { readonly shard: string; readonly index: number }>): void {
    for (const [path, left] of [
      [SESSION_KEYS, this.#keys],
      [INDEX, this.#index],
      [VIEWS.gap, this.#views.gap],
      [VIEWS.coverage, this.#views.coverage],
      [VIEWS.audit, this.#views.audit],
    ] as const)
      for (const id of left.keys())
        this.#problems.add(path, `a line of ${id}, of which there is no such record`);
    this.#checkOrder(places);
    if (this.#keyOrder.length !== this.#order.length || this.#keyOrder.some((id, i) => id !== this.#order[i]))
      this.#problems.add(SESSION_KEYS, "not in the order of index.csv");
  }

  #checkOrder(places: ReadonlyMap<string, { readonly shard: string; readonly index: number }>): void {
    const finished = new Set<string>();
    let last: { readonly shard: string; readonly index: number } | undefined;
    for (const id of this.#order) {
      const place = places.get(id);
      if (!place) continue;
      const isNext = last?.shard === place.shard ? place.index > last.index : !finished.has(place.shard);
      if (!isNext) {
        this.#problems.add(INDEX, "its rows are not in the order of the archive");
        return;
      }
      finished.add(place.shard);
      last = place;
    }
  }

  #take(path: string, into: Map<string, string>, id: string, line: string, isWhole: boolean): void {
    if (!isWhole || !ID.test(id)) this.#problems.add(path, "not a line of it");
    else if (into.has(id)) this.#problems.add(path, `two lines of record ${id}`);
    else into.set(id, line);
  }

  async #each(
    files: CheckedFiles,
    path: string,
    split: (body: AsyncIterable<Uint8Array>) => AsyncIterable<string>,
    take: (line: string) => void,
  ): Promise<void> {
    if (!files.has(path)) return;
    try {
      for await (const line of split(files.stream(path))) take(line);
    } catch (error) {
      this.#problems.add(path, reasonOf(error));
    }
  }
}

function memberOf(line: string | undefined, name: string): Json | undefined {
  try {
    const value = JSON.parse(line ?? "null") as Json;
    return value !== null && typeof value === "object"
      ? (value as { readonly [name: string]: Json })[name]
      : undefined;
  } catch {
    return undefined;
  }
}
