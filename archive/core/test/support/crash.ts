import type { MemoryStores } from "../../testing/index.ts";

/** A crash of the process: nothing that was begun ever ends, and nothing new happens. */
export interface Crash {
  /** Resolves when it has come. */
  readonly come: Promise<void>;
  /** Store operations until then. */
  readonly operations: () => number;
}

/**
 * Crashes at the `n`-th boundary of a store operation: an odd one is before the operation, an even one after it
 * happened and before it was answered.
 */
export function crashAt(stores: MemoryStores, n: number): Crash {
  let boundaries = 0;
  let crashed: () => void = () => undefined;
  const come = new Promise<void>((resolve) => (crashed = resolve));
  const hook = () => {
    boundaries += 1;
    if (boundaries < n) return;
    crashed();
    return new Promise<never>(() => undefined);
  };
  stores.records.hook = hook;
  stores.heads.hook = hook;
  stores.keyring.hook = hook;
  if (stores.keyringCopy) stores.keyringCopy.hook = hook;
  return { come, operations: () => boundaries };
}

/** The machine starts again: what was stored is there, what hung is gone. */
export function restart(stores: MemoryStores): void {
  stores.records.hook = undefined;
  stores.heads.hook = undefined;
  stores.keyring.hook = undefined;
  if (stores.keyringCopy) stores.keyringCopy.hook = undefined;
}
