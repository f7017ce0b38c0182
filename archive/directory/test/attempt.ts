/** What came of an operation whose nth file operation failed. */
export interface Attempt {
  readonly name: string;
  readonly step: number;
  /** There is no nth file operation: nothing failed. */
  readonly isOver: boolean;
  readonly outcome: string;
  /** What the store then showed, and where the old bytes still were. */
  readonly observed: "before" | "after" | "BROKEN";
  readonly oldWhenObserved: readonly string[];
  /** What came of repeating it, and what was then there. */
  readonly again: string;
  readonly finally: "after" | "BROKEN";
  readonly files: readonly string[];
  readonly oldFinally: readonly string[];
}
