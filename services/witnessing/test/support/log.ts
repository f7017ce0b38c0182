import { randomBytes } from "node:crypto";
import {
  checkpointKey,
  checkpointSigner,
  logFileReader,
  openCheckpoint,
  parseVkey,
  ShardLog,
  type Stores,
} from "@daybook/archive-core";
import { memoryStores } from "@daybook/archive-core/testing";

/** A shard's log in memory, written as the archiver writes it. */
export interface GrowingLog {
  readonly stores: ReturnType<typeof memoryStores>;
  readonly vkey: string;
  /** Commits a segment of so many records. */
  grow(records: number): Promise<void>;
  /** The published note, and what it says. */
  published(): Promise<{ note: string; size: number; root: Buffer; origin: string }>;
  reader(): ReturnType<typeof logFileReader>;
}

export async function growingLog(shard = "0"): Promise<GrowingLog> {
  const now = new Date("2026-03-04T15:04:05.000Z");
  const stores = memoryStores({ now: () => now });
  const signer = checkpointSigner(`dept.example/${shard}`, Buffer.alloc(32, 1));
  const verifier = parseVkey(signer.vkey);
  const all: Stores = stores;
  const log = await ShardLog.open({ shard, signer, stores: all, lockDays: 400, now: () => now });
  return {
    stores,
    vkey: signer.vkey,
    async grow(count) {
      const records = Array.from({ length: count }, () => ({
        id: randomBytes(16).toString("hex"),
        rec: randomBytes(32).toString("hex"),
        packet: randomBytes(40),
      }));
      const draft = log.draft(records);
      await log.commit(draft, Buffer.from("keys"), { id: "stream", partition: 0, offset: draft.size });
    },
    async published() {
      const note = Buffer.from((await stores.heads.read(checkpointKey(shard)))!.body).toString();
      return { note, ...openCheckpoint(note, verifier) };
    },
    reader: () => logFileReader(stores, shard),
  };
}
