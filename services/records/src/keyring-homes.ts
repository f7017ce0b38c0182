import { ArchiveError, type MutableStore } from "@daybook/archive-core";
import { type KeyHolder, type KeyLine, readKeyBlock } from "@daybook/openpgp";
import type { Logger } from "@daybook/runtime";

const ALARM_EVERY_MS = 60_000;

/** Opens a block. @returns undefined when it is not there; `damaged` when nobody can open it */
export async function openBlock(
  store: Pick<MutableStore, "read">,
  block: string,
  holder: KeyHolder,
): Promise<
  { lines: KeyLine[]; body: Uint8Array; tag: string } | { damaged: ArchiveError; tag: string } | undefined
> {
  const stored = await store.read(block);
  if (!stored) return undefined;
  try {
    return { lines: await readKeyBlock(stored.body, holder), ...stored };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.retryable) throw error;
    return { damaged: error, tag: stored.tag };
  }
}

/** The homes of the keyring, to read from: the second where a block is missing or damaged in the first. */
export class KeyringHomes {
  readonly #first: Pick<MutableStore, "read">;
  readonly #second: Pick<MutableStore, "read"> | undefined;
  readonly #holder: KeyHolder;
  readonly #log: Logger | undefined;
  #saidAt = -Infinity;
  #unsaid = 0;

  /** @param of.log gets an alarm when the second home has to stand in: once a minute, with how many blocks */
  constructor(of: {
    first: Pick<MutableStore, "read">;
    second?: Pick<MutableStore, "read"> | undefined;
    holder: KeyHolder;
    log?: Logger;
  }) {
    this.#first = of.first;
    this.#second = of.second;
    this.#holder = of.holder;
    this.#log = of.log;
  }

  /**
   * The lines of a block.
   *
   * @throws {ArchiveError} `object-missing`, `undecryptable`, `malformed`: in no home; `store-unavailable` (retryable)
   */
  async lines(block: string): Promise<KeyLine[]> {
    const first = await openBlock(this.#first, block, this.#holder);
    if (first && "lines" in first) return first.lines;
    const second = this.#second && (await openBlock(this.#second, block, this.#holder));
    if (second && "lines" in second) {
      this.#alarm(block, first ? "damaged" : "missing");
      return second.lines;
    }
    throw first?.damaged ?? new ArchiveError("object-missing", `the key block ${block} is gone`);
  }

  #alarm(block: string, what: "missing" | "damaged"): void {
    this.#unsaid += 1;
    const now = performance.now();
    if (now - this.#saidAt < ALARM_EVERY_MS) return;
    this.#log?.error(
      { block, what, blocks: this.#unsaid },
      "the keyring's first home lacks a block, read from the second: run `daybook keys restore`",
    );
    this.#saidAt = now;
    this.#unsaid = 0;
  }
}
