/** What a command refuses or fails with: one line that says what to do. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** 1: refused or failed; 2: bad usage. */
  readonly exitCode: 1 | 2;

  constructor(message: string, { exitCode = 1, cause }: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause });
    this.exitCode = exitCode;
  }
}
