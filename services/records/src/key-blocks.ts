import { ArchiveError, type MutableStore } from "@daybook/archive-core";
import { buildKeyBlock, type KeyLine, type KeyHolder, readKeyBlock, type Recipient } from "@daybook/openpgp";

/** Which lines of a block go. */
export type Doomed = (line: Pick<KeyLine, "index" | "attachment">) => boolean;

const ATTEMPTS = 10;

/** Destroys single session keys in a keyring: the only way in which a record ever becomes unreadable. */
export class KeyBlocks {
  readonly #stores: readonly MutableStore[];
  readonly #holder: KeyHolder;
  readonly #recipients: () => readonly Recipient[];

  /** @param of.stores the keyring, and its second copy where there is one */
  constructor(of: {
    stores: readonly MutableStore[];
    holder: KeyHolder;
    recipients: () => readonly Recipient[];
  }) {
    this.#stores = of.stores;
    this.#holder = of.holder;
    this.#recipients = of.recipients;
  }

  /**
   * Writes a block again without the doomed lines, in every store, and reads it back. Durable once resolved; may
   * be repeated, also after a crash: each key is either there or gone.
   *
   * @throws {ArchiveError} `store-unavailable` (retryable); `object-missing`; `conflict` if others keep writing
   */
  async destroy(block: string, doomed: Doomed): Promise<void> {
    for (const store of this.#stores) await this.#destroyIn(store, block, doomed);
  }

  async #destroyIn(store: MutableStore, block: string, doomed: Doomed): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const stored = await store.read(block);
      if (!stored) throw new ArchiveError("object-missing", `the key block ${block} is gone`);
      const lines = await readKeyBlock(stored.body, this.#holder);
      const kept = lines.filter((line) => !doomed(line));
      // Also what proves the work of the round before: it counts only once it is read back.
      if (kept.length === lines.length) return;
      try {
        await store.replace(block, await buildKeyBlock(kept, this.#recipients()), stored.tag);
      } catch (error) {
        const again = error instanceof ArchiveError && (error.code === "conflict" || error.retryable);
        if (!again || attempt === ATTEMPTS) throw error;
      }
    }
    throw new ArchiveError("conflict", `the key block ${block} changes faster than it can be written`);
  }
}
