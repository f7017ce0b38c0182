import { ArchiveError } from "@daybook/archive-core";

/** Something in a package that is not as it has to be. */
export interface Problem {
  /** Of the file, below the package's folder. */
  readonly path: string;
  readonly problem: string;
}

const MAX_LISTED = 1_000;
const MAX_PATH = 300;

/** Collects problems: all count, the first thousand are listed. */
export class Problems {
  readonly #listed: Problem[] = [];
  #count = 0;

  /** @param path may be hostile: what a terminal would act on is replaced */
  add(path: string, problem: string): void {
    this.#count += 1;
    if (this.#listed.length < MAX_LISTED)
      this.#listed.push({ path: path.slice(0, MAX_PATH).replace(/[^\x20-\x7e]/g, "?"), problem });
  }

  /** Runs a check of one file; what it cannot make sense of is a problem of that file. */
  guard<T>(path: string, check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      this.add(path, reasonOf(error));
      return undefined;
    }
  }

  get count(): number {
    return this.#count;
  }

  get listed(): readonly Problem[] {
    const more = this.#count - this.#listed.length;
    return more === 0 ? this.#listed : [...this.#listed, { path: "", problem: `and ${more} more problems` }];
  }
}

/** A file whose bytes cannot be had, or are not what the container says. */
export class BadFile extends Error {
  override readonly name = "BadFile";
}

/** What an error says about a file. Rethrows what is a defect of ours. */
export function reasonOf(error: unknown): string {
  if (error instanceof BadFile || error instanceof ArchiveError) return error.message;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (typeof code === "string") return `cannot be read (${code})`;
  throw error;
}
