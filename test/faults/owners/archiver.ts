// An archiver on Kafka, S3 and PostgreSQL, to be killed and put to sleep. Reads its instructions as JSON from its first
// argument, and says how its shards are on stdout, one JSON line at a time.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setInterval as every } from "node:timers/promises";
import { ArchiverProgress, runArchiver } from "@daybook/archiver";
import { type CatalogueConnection, createRecordIndexer } from "@daybook/catalogue";
import { TOPICS } from "@daybook/contract";
import { readPublicKeys } from "@daybook/openpgp";
import { createLogger, run } from "@daybook/runtime";
import { openS3Stores, type S3StoresOptions } from "@daybook/s3";
import { type IngestKey, kafkaGroup, openKafkaStream } from "@daybook/stream";
import { openWriter } from "../../../services/archiver/test/support/catalogue.ts";
import { ciphers, namingKey, signerOf, tokenKey } from "../../../services/archiver/test/support/keys.ts";

export interface Instructions {
  /** Where the keys are. */
  readonly dir: string;
  readonly brokers: readonly string[];
  /** Partitions of the topic of events: a shard each. */
  readonly shards: number;
  /** Left out, it believes that every shard is its own. */
  readonly groupId?: string;
  readonly s3: S3StoresOptions;
  readonly connection: CatalogueConnection;
}

const STATUS_MS = 100;

async function main(of: Instructions, signal: AbortSignal): Promise<void> {
  const { dir, brokers, shards, groupId } = of;
  const events = { [TOPICS.events]: shards };
  const stream = await openKafkaStream({
    brokers,
    partitions: { ...events, [TOPICS.parked]: 1 },
    retentionMs: 24 * 3_600_000,
    singleReplica: true,
  });
  const recipients = await readPublicKeys(await readFile(join(dir, "public.asc"), "utf8"));
  const ingest = JSON.parse(await readFile(join(dir, "ingest.json"), "utf8")) as IngestKey;
  const { writer } = await openWriter(of.connection, recipients);
  const names = Array.from({ length: shards }, (_, i) => String(i));
  const progress = new ArchiverProgress(names);
  void tell(progress);
  await runArchiver(
    {
      deployment: "dept.example",
      shards: names.map((shard, partition) => ({
        shard,
        topic: TOPICS.events,
        partition,
        signer: signerOf(shard),
        lingerMs: 200,
      })),
      stores: openS3Stores(of.s3),
      stream,
      ...(groupId !== undefined && { group: kafkaGroup({ brokers, groupId, partitions: events }) }),
      producer: stream,
      ...ciphers(ingest),
      recipients: () => recipients,
      namingKey,
      catalogue: writer,
      indexer: createRecordIndexer(tokenKey),
      lockDays: 400,
      trimMargin: 100_000,
      progress,
      log,
      now: () => new Date(),
    },
    signal,
  );
  process.exit(0);
}

async function tell(progress: ArchiverProgress): Promise<void> {
  for await (const _ of every(STATUS_MS)) process.stdout.write(`${JSON.stringify(progress.shards())}\n`);
}

const log = createLogger("archiver", "error", { stream: process.stderr });
await run(log, (signal) => main(JSON.parse(process.argv[2] ?? "{}") as Instructions, signal));
