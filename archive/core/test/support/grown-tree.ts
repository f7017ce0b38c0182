import { ArchiveError, type TileReader, Tree } from "../../src/index.ts";

/** Distinct entries, small and without order among them. */
export function entriesOf(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(`entry ${i * 7919} of ${count % 3}`));
}

/** A tree grown by steps of these sizes, and a reader of every file that it ever wrote. */
export function grow(
  entries: readonly Buffer[],
  steps: readonly number[] = [entries.length],
): { tree: Tree; files: Map<string, Uint8Array>; read: TileReader } {
  const tree = new Tree();
  const files = new Map<string, Uint8Array>();
  let at = 0;
  for (const step of steps) {
    const { full, partial } = tree.append(entries.slice(at, at + step));
    for (const { path, bytes } of [...full, ...partial]) files.set(path, bytes);
    at += step;
  }
  return {
    tree,
    files,
    read: async (path) => {
      const bytes = files.get(path);
      if (!bytes) throw new ArchiveError("object-missing", path);
      return bytes;
    },
  };
}
