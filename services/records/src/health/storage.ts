import type { Stores } from "@daybook/archive-core";
import type { Logger } from "@daybook/runtime";

/** What one store holds. */
export interface StoreUse {
  readonly store: "records" | "heads" | "keyring" | "keyring-copy";
  readonly objects: number;
  readonly sizeBytes: number;
  /** It holds more than was counted. */
  readonly isFloor: boolean;
}

export interface StorageUse {
  /** Null until it was first measured. */
  readonly measuredAt: string | null;
  readonly measuring: boolean;
  readonly stores: readonly StoreUse[];
}

/** Objects that are counted at most: of a listing in pages of a thousand, some minutes. */
const MAX_OBJECTS = 2_000_000;
const FRESH_MS = 60 * 60 * 1_000;

/** How much the stores hold: measured in the background, at most once an hour, and remembered. */
export class Storage {
  readonly #stores: Stores;
  readonly #log: Logger;
  readonly #now: () => Date;
  readonly #signal: AbortSignal;
  #known: { at: Date; stores: StoreUse[] } | undefined;
  #measuring: Promise<void> | undefined;

  constructor(of: { stores: Stores; log: Logger; now: () => Date; signal: AbortSignal }) {
    this.#stores = of.stores;
    this.#log = of.log;
    this.#now = of.now;
    this.#signal = of.signal;
  }

  /** What is known, which begins a measurement where that is old. */
  use(): StorageUse {
    const age = this.#known ? this.#now().getTime() - this.#known.at.getTime() : Infinity;
    if (age >= FRESH_MS) this.#begin();
    return {
      measuredAt: this.#known?.at.toISOString() ?? null,
      measuring: this.#measuring !== undefined,
      stores: this.#known?.stores ?? [],
    };
  }

  /** Resolves when no measurement is under way. */
  async settled(): Promise<void> {
    await this.#measuring;
  }

  #begin(): void {
    this.#measuring ??= this.#measure()
      .catch((err: unknown) => {
        if (!this.#signal.aborted)
          this.#log.warn({ err }, "the stores could not be measured, to be tried again");
      })
      .finally(() => (this.#measuring = undefined));
  }

  async #measure(): Promise<void> {
    const { records, heads, keyring, keyringCopy } = this.#stores;
    const named = { records, heads, keyring, ...(keyringCopy && { "keyring-copy": keyringCopy }) };
    const stores: StoreUse[] = [];
    for (const [store, held] of Object.entries(named)) {
      if (!held.sizes) continue;
      let objects = 0;
      let bytes = 0;
      let isFloor = false;
      for await (const { sizeBytes } of held.sizes("")) {
        this.#signal.throwIfAborted();
        if (objects === MAX_OBJECTS) {
          isFloor = true;
          break;
        }
        objects += 1;
        bytes += sizeBytes;
      }
      stores.push({ store: store as StoreUse["store"], objects, sizeBytes: bytes, isFloor });
    }
    this.#known = { at: this.#now(), stores };
  }
}
