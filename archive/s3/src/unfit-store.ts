/** The store as it is would lose, leak or keep too long: nothing is to be started on it. */
export class UnfitStoreError extends Error {
  override readonly name = "UnfitStoreError";
  readonly code = "store-unfit";
  readonly retryable = false;
  /** One line each, with what to do. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the store is not fit for the archive:\n${problems.map((line) => `  ${line}`).join("\n")}`);
    this.problems = problems;
  }
}
