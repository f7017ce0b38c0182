import { ArchiveError } from "@daybook/archive-core";

const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** Whether an error of the system has one of these codes. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  const code = systemCode(error);
  return code !== undefined && codes.includes(code);
}

/** Runs file operations; what the system refuses becomes `store-full` or `store-unavailable`. */
export async function onStore<T>(operations: () => Promise<T>): Promise<T> {
  try {
    return await operations();
  } catch (error) {
    throw asArchiveError(error);
  }
}

/** As `onStore`, for what is read piece by piece. */
export async function* streamFromStore<T>(
  operations: () => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield* operations();
  } catch (error) {
    throw asArchiveError(error);
  }
}

/** What resolves, or `fallback` when the system answers with one of these codes. */
export async function unless<T, F>(operation: Promise<T>, fallback: F, ...codes: string[]): Promise<T | F> {
  try {
    return await operation;
  } catch (error) {
    if (hasCode(error, ...codes)) return fallback;
    throw error;
  }
}

function asArchiveError(error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
  return FULL.has(code)
    ? new ArchiveError("store-full", `the store's disk is full (${code})`, { cause: error })
    : new ArchiveError("store-unavailable", `the store's directory cannot be used (${code})`, {
        cause: error,
      });
}

/** `ENOSPC` and the like; undefined for an error that no system call gave. */
function systemCode(error: unknown): string | undefined {
  const isOfSystem = typeof error === "object" && error !== null && "code" in error && "syscall" in error;
  return isOfSystem && typeof error.code === "string" ? error.code : undefined;
}
