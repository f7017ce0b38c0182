import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stores } from "@daybook/archive-core";
import { type PrivateKey, unlockPrivateKey } from "@daybook/openpgp";
import { openS3Stores } from "@daybook/s3";
import { ArchiveReader } from "../../../services/records/src/archive-reader.ts";
import { KeyRing } from "../../../services/records/src/key-ring.ts";
import { KeyringHomes } from "../../../services/records/src/keyring-homes.ts";
import type { Deployment } from "../../deployment/deployment.ts";
import { BUCKETS } from "../../deployment/store.ts";
import { vkeysByShard } from "../consistency.ts";
import type { Offered } from "./network.ts";

/** The stores as their administrator reads them, past every proxy. */
export function directStores({ engines: { store, authority } }: Deployment): Stores {
  return openS3Stores({
    endpoint: store.endpoint,
    region: store.region,
    credentials: store.root,
    ca: authority.ca,
    buckets: BUCKETS,
  });
}

/** What is in the archive, read with its private key from the log's leaves on. */
export interface Found {
  /** How often each event of the network is there. */
  readonly copies: ReadonlyMap<number, number>;
  /** Ids of the leaves, by shard, in order. */
  readonly leaves: ReadonlyMap<string, readonly string[]>;
  /** Records of other kinds than messages, by kind. */
  readonly others: ReadonlyMap<string, number>;
}

/** Opens every record of every log. @throws {ArchiveError} `corrupt` when one is not what was logged */
export async function readArchive(deployment: Deployment, stores: Stores): Promise<Found> {
  const reader = new ArchiveReader({
    stores,
    keys: new KeyRing(new KeyringHomes({ first: stores.keyring, holder: await archiveKey(deployment.dir) })),
    vkeys: vkeysByShard(deployment.vkeys),
  });
  const copies = new Map<number, number>();
  const others = new Map<string, number>();
  const leaves = new Map<string, string[]>();
  for (const shard of reader.shards) {
    const ids: string[] = [];
    leaves.set(shard, ids);
    const size = (await reader.state(shard))?.size ?? 0;
    for await (const segment of reader.walk(shard, { from: 0, size })) {
      for (const [i, leaf] of segment.leaves.entries()) {
        ids.push(leaf.id);
        const record = segment.record(i);
        if (!record) throw new Error(`record ${segment.first + i} of shard ${shard} has no key`);
        if (record.kind === "message") {
          const { n } = JSON.parse(Buffer.from(record.raw, "base64").toString()) as Offered;
          copies.set(n, (copies.get(n) ?? 0) + 1);
        } else others.set(record.kind, (others.get(record.kind) ?? 0) + 1);
      }
    }
  }
  return { copies, leaves, others };
}

async function archiveKey(dir: string): Promise<PrivateKey> {
  const secrets = join(dir, "secrets/records");
  const [key, passphrase] = await Promise.all([
    readFile(join(secrets, "archive-keys/archive-private.asc"), "utf8"),
    readFile(join(secrets, "archive-passphrase"), "utf8"),
  ]);
  return unlockPrivateKey(key, passphrase.trim());
}
