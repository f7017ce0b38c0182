/** What an aggregator's files of its own call detail records look like, and where they are dropped. */
export interface CdrSettings {
  /** Read, never written. */
  readonly dir: string;
  /** Names in a file's first line. */
  readonly columns: {
    readonly from: string;
    readonly to: string;
    readonly time: string;
    /** Rows of one id count once: each row counts unless given. */
    readonly id?: string | undefined;
  };
  /** What columns have to say for a row to count: any row does unless given. */
  readonly only: Readonly<Record<string, readonly string[]>>;
  readonly delimiter: "," | ";" | "|" | "\t";
  /** How times are written: `2026-03-04 15:04:05`, `04/03/2026 15:04:05`, `03/04/2026 15:04:05`, seconds since 1970. */
  readonly dates: "iso" | "dmy" | "mdy" | "seconds";
  /** A time like `2026-03-04T15:04:05` that has no zone. @returns milliseconds since 1970 */
  readonly instantOf: (localTime: string) => number;
  /** Between two looks at the directory: an hour unless given. */
  readonly everyMs?: number;
  /** A file that has not changed for so long is whole: 10 minutes unless given. */
  readonly settleMs?: number;
}

/** A file that says something else than was set. The message names a line, and nothing that stands in it. */
export class CdrRefusal extends Error {
  override readonly name = "CdrRefusal";
}
