import { DatabaseSync } from "node:sqlite";

/** `lost`: the commit fails. `kept`: it happens and only its answer is lost. */
export type Fault = "lost" | "kept";

/** Stands between SQLite and the files that are opened while it does: their commits fail as `faults` says, in order. */
export class FaultyDisk {
  readonly faults: Fault[] = [];
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  readonly #exec = DatabaseSync.prototype.exec;
  #last: DatabaseSync | undefined;

  constructor() {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- `this` below is the database
    const disk = this;
    DatabaseSync.prototype.exec = function (sql: string) {
      disk.#last = this;
      const fault = sql === "COMMIT" ? disk.faults.shift() : undefined;
      if (fault !== "lost") disk.#exec.call(this, sql);
      if (fault) throw new Error(`injected: ${fault}`);
    };
  }

  /** The file that was used last may have no more pages than it has, until `emptied`. */
  fill(): void {
    this.#pages(1);
  }

  emptied(): void {
    this.#pages(1_000_000);
  }

  restore(): void {
    DatabaseSync.prototype.exec = this.#exec;
  }

  #pages(most: number): void {
    this.#last!.prepare(`PRAGMA max_page_count = ${most}`).get();
  }
}
