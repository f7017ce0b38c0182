import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payloadContext, type ShardStatus } from "@daybook/archiver";
import {
  checkpointKey,
  decodeLeaf,
  fsck,
  logEntries,
  logFileReader,
  openCheckpoint,
  parseVkey,
  Prover,
  type Stores,
  verifyConsistency,
} from "@daybook/archive-core";
import { openCatalogue } from "@daybook/catalogue";
import { TOPICS } from "@daybook/contract";
import { type S3Engine, startVersitygw } from "@daybook/lab";
import { readKeyBlock } from "@daybook/openpgp";
import { makeBuckets, openS3Stores, type S3StoresOptions } from "@daybook/s3";
import { type KafkaStream, openKafkaStream } from "@daybook/stream";
import { startBroker, type TestBroker } from "../../../infra/stream/test/kafka-broker.ts";
import { startTestPostgres, type TestPostgres } from "../../../services/archiver/test/support/catalogue.ts";
import { eventBytes } from "../../../services/archiver/test/support/events.ts";
import { ciphers, signerOf, type TestKeys, testKeys } from "../../../services/archiver/test/support/keys.ts";
import type { Instructions } from "./archiver.ts";

const PROGRAM = join(import.meta.dirname, "archiver.ts");
export const SHARDS = 4;

/** A process that archives, and what it said last of its shards. */
export interface ArchiverChild {
  readonly process: ChildProcess;
  status: ShardStatus[];
}

/** Kafka, S3 and PostgreSQL of their own, and whoever archives on them. */
export class Deployment {
  readonly #dir: string;
  readonly #keys: TestKeys;
  readonly #s3: S3Engine;
  readonly #stores: S3StoresOptions;
  readonly #postgres: TestPostgres;
  readonly #children: ArchiverChild[] = [];
  broker: TestBroker;
  stream: KafkaStream;
  /** Checkpoints that anybody saw, by shard. */
  readonly #notes = new Map<string, Set<string>>();

  private constructor(of: {
    dir: string;
    keys: TestKeys;
    s3: S3Engine;
    stores: S3StoresOptions;
    postgres: TestPostgres;
    broker: TestBroker;
    stream: KafkaStream;
  }) {
    this.#dir = of.dir;
    this.#keys = of.keys;
    this.#s3 = of.s3;
    this.#stores = of.stores;
    this.#postgres = of.postgres;
    this.broker = of.broker;
    this.stream = of.stream;
  }

  static async start(): Promise<Deployment> {
    const dir = await mkdtemp(join(tmpdir(), "owners-"));
    const keys = await testKeys();
    await writeFile(join(dir, "public.asc"), keys.publicKey);
    await writeFile(join(dir, "ingest.json"), JSON.stringify(keys.ingest));
    const s3 = (await startVersitygw({ dir: join(dir, "s3") }))!;
    const { endpoint, region, root: credentials } = s3;
    const buckets = { records: "records", heads: "heads", keyring: "keyring" };
    const stores = { endpoint, region, credentials, buckets };
    await makeBuckets(stores);
    const postgres = await startTestPostgres();
    return new Deployment({ dir, keys, s3, stores, postgres, ...(await startStream()) });
  }

  /** Another cluster in the place of this one, empty. */
  async replaceKafka(): Promise<void> {
    await this.stream.close();
    await this.broker.remove();
    Object.assign(this, await startStream());
  }

  archiver(groupId?: string): ArchiverChild {
    const instructions: Instructions = {
      dir: this.#dir,
      brokers: this.broker.kafka.brokers,
      shards: SHARDS,
      ...(groupId !== undefined && { groupId }),
      s3: this.#stores,
      connection: this.#postgres.connection,
    };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(instructions)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const one: ArchiverChild = { process: child, status: [] };
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const lines = (text + chunk.toString()).split("\n");
      text = lines.pop() ?? "";
      const last = lines.at(-1);
      if (last) one.status = JSON.parse(last) as ShardStatus[];
    });
    this.#children.push(one);
    return one;
  }

  /** Events by their numbers, each always to the same shard. Repeated until they are acknowledged. */
  async send(numbers: readonly number[]): Promise<void> {
    const { sealer } = ciphers(this.#keys.ingest);
    await Promise.all(
      Array.from({ length: SHARDS }, async (_, shard) => {
        const mine = numbers.filter((n) => n % SHARDS === shard);
        const seal = (n: number) => sealer.seal(eventBytes(n), payloadContext(TOPICS.events, shard));
        if (mine.length > 0) await this.stream.send(TOPICS.events, shard, await Promise.all(mine.map(seal)));
      }),
    );
  }

  /** Whether one of these archivers is past all that is on the stream, for each shard. */
  async isArchived(...by: readonly ArchiverChild[]): Promise<boolean> {
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const { next } = await this.stream.range(TOPICS.events, shard);
      const isPast = (one?: ShardStatus) => one?.running === true && one.settled >= next;
      if (!by.some(({ status }) => isPast(status[shard]))) return false;
    }
    return true;
  }

  /** Keeps the checkpoints that are published now, for `check`. */
  async witness(): Promise<void> {
    for (let shard = 0; shard < SHARDS; shard += 1) {
      const found = await this.stores.heads.read(checkpointKey(String(shard)));
      const notes = this.#notes.get(String(shard)) ?? new Set();
      this.#notes.set(String(shard), notes);
      if (found) notes.add(Buffer.from(found.body).toString());
    }
  }

  /**
   * How many records there are, each once, after every log was checked from the ground up and proved to continue every
   * checkpoint that was witnessed.
   */
  async check(): Promise<{ records: number; distinct: number; catalogued: number; checkpoints: number }> {
    const ids: string[] = [];
    let checkpoints = 0;
    await this.witness();
    for (const [shard, notes] of this.#notes) {
      const vkey = signerOf(shard).vkey;
      const report = await fsck({
        shard,
        vkey,
        stores: this.stores,
        minLockDays: 200,
        now: new Date(),
        keyLines: async (block) =>
          new Set((await readKeyBlock(block, this.#keys.privateKey)).map((line) => line.index)),
      });
      expect(report.problems).toEqual([]);
      const seen = [...notes].map((note) => openCheckpoint(note, parseVkey(vkey)));
      const newest = seen.reduce((a, b) => (b.size > a.size ? b : a));
      const read = logFileReader(this.stores, shard);
      const prover = new Prover(newest.size, read);
      for (const { size, root } of seen) {
        const proof = await prover.consistency(size);
        expect(verifyConsistency(size, root, newest.size, newest.root, proof)).toBe(true);
      }
      checkpoints += seen.length;
      for await (const { entry } of logEntries(read, newest.size)) ids.push(decodeLeaf(entry).id);
    }
    return {
      records: ids.length,
      distinct: new Set(ids).size,
      catalogued: await this.#catalogued(),
      checkpoints,
    };
  }

  get stores(): Stores {
    return openS3Stores(this.#stores);
  }

  async #catalogued(): Promise<number> {
    const pool = openCatalogue(this.#postgres.connection, "writer", { max: 1 });
    const { rows } = await pool.query("SELECT count(*) FROM catalogue.record");
    await pool.close();
    return Number(rows[0]?.[0]);
  }

  async stopArchivers(): Promise<void> {
    for (const { process: child } of this.#children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "exit");
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await ended;
    }
  }

  async remove(): Promise<void> {
    await this.stopArchivers();
    await this.stream.close();
    await this.broker.remove();
    await this.#postgres.stop();
    await this.#s3.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

async function startStream(): Promise<{ broker: TestBroker; stream: KafkaStream }> {
  const broker = await startBroker();
  const partitions = { [TOPICS.events]: SHARDS, [TOPICS.parked]: 1 };
  await broker.makeTopics(partitions);
  const { brokers } = broker.kafka;
  const retentionMs = 24 * 3_600_000;
  return {
    broker,
    stream: await openKafkaStream({ brokers, partitions, retentionMs, singleReplica: true }),
  };
}
