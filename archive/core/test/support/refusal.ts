import { ArchiveError } from "../../src/index.ts";

/** The code with which `work` is refused; undefined when it is not. Any other error is thrown on. */
export function refusal(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveError) return error.code;
    throw error;
  }
}
