import {
  ArchiveError,
  decodeHead,
  headKey,
  readCheckpoint,
  type SeenLog,
  type Stores,
} from "@daybook/archive-core";
import { CatalogueError } from "@daybook/catalogue";
import { ArchiverError } from "./error.ts";

/** Whether the next life of the shard is as good as any: another archiver, or whoever restored the catalogue, did it. */
export function passes(error: unknown): boolean {
  return (
    (error instanceof ArchiveError && error.code === "overtaken") ||
    (error instanceof CatalogueError && error.code === "out-of-order")
  );
}

/**
 * Whether an operator mends it while the archiver runs: by `daybook rebuild`, or by migrating the database. What lies in
 * the stores or in the settings is looked at again only by a process that is started again.
 */
export function awaitsOperator(error: unknown): boolean {
  return (
    (error instanceof ArchiverError && error.code === "catalogue-diverged") ||
    (error instanceof CatalogueError && (error.code === "diverged" || error.code === "not-migrated"))
  );
}

/** Whether it may only seem so, because another writer moved the log while this one read it. */
export async function isStale(
  error: unknown,
  { stores, shard }: { stores: Pick<Stores, "heads">; shard: string },
  seen: SeenLog | undefined,
): Promise<boolean> {
  const looksLikeDamage = error instanceof ArchiveError && /^(corrupt|object-missing)$/.test(error.code);
  if (!seen || !(looksLikeDamage || awaitsOperator(error))) return false;
  const head = await stores.heads.read(headKey(shard));
  return head !== undefined && readCheckpoint(decodeHead(head.body).checkpoint).size > seen.size;
}

/** What to call an error in a metric: its code, if it has one. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown";
}
