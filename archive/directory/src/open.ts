import type { Stores } from "@daybook/archive-core";
import { onStore } from "./failure.ts";
import { LockedDirectory } from "./locked-directory.ts";
import { MutableDirectory } from "./mutable-directory.ts";
import { Root } from "./root.ts";

/** Directories of their own, on local file systems; made, for their owner alone, where they are not there. */
export interface DirectoryStoresOptions {
  readonly objects: string;
  readonly heads: string;
  readonly keyring: string;
  /** On another disk, under another administrator; else it is a copy in name only. */
  readonly keyringCopy?: string;
  /** What locks are judged by. */
  readonly now?: () => Date;
}

/**
 * Opens the stores of a deployment on directories and sweeps what a crash left half written there.
 *
 * @throws {ArchiveError} `store-unavailable`, `store-full`
 * @throws {RangeError} when two of them are the same directory
 */
export async function openDirectoryStores(options: DirectoryStoresOptions): Promise<Stores> {
  const { objects, heads, keyring, keyringCopy, now = () => new Date() } = options;
  return onStore(async () => {
    const roots = {
      objects: await Root.open(objects),
      heads: await Root.open(heads),
      keyring: await Root.open(keyring),
      ...(keyringCopy !== undefined && { keyringCopy: await Root.open(keyringCopy) }),
    };
    const paths = Object.values(roots).map((root) => root.path);
    if (new Set(paths).size < paths.length) throw new RangeError("each store needs a directory of its own");
    return {
      records: new LockedDirectory(roots.objects, now),
      heads: new MutableDirectory(roots.heads),
      keyring: new MutableDirectory(roots.keyring),
      ...(roots.keyringCopy && { keyringCopy: new MutableDirectory(roots.keyringCopy) }),
    };
  });
}
