import { z } from "zod";

/** An ingest key as it is kept. */
export const ingestKey = z.strictObject({
  kid: z.string(),
  publicKey: z.string(),
  privateKey: z.string(),
  createdAt: z.iso.datetime(),
  /** Where the streams ended when a newer key took over: past it in every shard, this one can go. */
  retired: z
    .array(z.strictObject({ shard: z.string(), stream: z.string(), offset: z.int().nonnegative() }))
    .optional(),
});
export type IngestKey = z.infer<typeof ingestKey>;

/** The keys in use, the newest last: it encrypts. */
export const ingestKeys = z.array(ingestKey).min(1).max(1_000);

/** Where a deployment keeps its ingest keys. */
export interface IngestKeyStore {
  /** As they are kept now. */
  read(): Promise<readonly IngestKey[]>;
  /**
   * Keeps these instead, durably; what is no longer among them is gone.
   *
   * @throws {ArchiveError} `conflict` when another process has changed them since they were read
   */
  save(keys: readonly IngestKey[]): Promise<void>;
}
