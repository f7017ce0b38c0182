import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { shardReport } from "@daybook/archiver";
import { TOPICS } from "@daybook/contract";
import { type ApiClient, apiClient, ProblemError } from "@daybook/runtime";
import { type KafkaStream, openKafkaStream } from "@daybook/stream";
import kafkajs from "kafkajs";
import { z } from "zod";
import { deploy, type Deployment } from "../../deployment/deployment.ts";
import type { DeployedEngines } from "../../deployment/engines.ts";
import { planTopics } from "../../deployment/topics.ts";
import type { ServiceProcess } from "../../deployment/service-process.ts";
import { PLAIN_TOPICS } from "./load.ts";
import { PlainPeer, type SinkOptions } from "./plain-peer.ts";

/** What a production deployment has. */
export const PARTITIONS = 12;
const PLAIN_BUCKET = "plain";
const DAY_MS = 86_400_000;
const ASK_AGAIN_MS = 20;
const shards = z.object({ shards: z.array(shardReport) });

/** A deployment without proxies, the archivers of which are measured, and what is put beside them. */
export class Stand {
  readonly deployment: Deployment;
  readonly stream: KafkaStream;
  readonly publicKey: string;
  readonly partitions: number;
  readonly #token: string;

  private constructor(of: Pick<Stand, "deployment" | "stream" | "publicKey" | "partitions">, token: string) {
    this.deployment = of.deployment;
    this.stream = of.stream;
    this.publicKey = of.publicKey;
    this.partitions = of.partitions;
    this.#token = token;
  }

  /** @throws {Error} when an engine is not installed */
  static async open(of: { partitions: number; archivers: number; lingerSeconds: number }): Promise<Stand> {
    const { partitions, archivers, lingerSeconds } = of;
    const deployment = await deploy({
      measured: true,
      shards: partitions,
      archivers,
      without: ["capture", "evidence", "retention"],
      env: {
        DAYBOOK_LINGER_SECONDS: String(lingerSeconds),
        DAYBOOK_LOG_LEVEL: "warn",
      },
    });
    if (!deployment) throw new Error("an engine is not installed: npm run lab -- --install");
    await using started = new AsyncDisposableStack();
    started.defer(() => deployment.remove());
    const { engines, dir } = deployment;
    await makePlainTopics(engines, partitions);
    await makeBucket(engines);
    const stream = await openBenchStream(engines, partitions);
    started.defer(() => stream.close());
    const token = (await readFile(join(dir, "secrets/shared/service-token"), "utf8")).trim();
    const [first] = deployment.archivers;
    const client = clientOf(first!, engines, token);
    const { publicKey } = await client.call("get", "/internal/v1/ingest-key", {
      response: z.object({ publicKey: z.string() }),
    });
    client.close();
    started.move();
    return new Stand({ deployment, stream, publicKey, partitions }, token);
  }

  /** Resolves once everything below each partition's offset is archived, its segment closed at once. */
  async archived(ends: readonly number[], archivers: readonly ServiceProcess[]): Promise<void> {
    const clients = archivers.map((one) => this.client(one));
    try {
      await Promise.all(
        ends.map((offset, p) => askOwner(clients, { shard: String(p), offset, flush: true })),
      );
    } finally {
      for (const client of clients) client.close();
    }
  }

  client(archiver: ServiceProcess): ApiClient {
    return clientOf(archiver, this.deployment.engines, this.#token);
  }

  /** Which shards an archiver has. */
  async owned(archiver: ServiceProcess): Promise<string[]> {
    const client = this.client(archiver);
    const { shards: all } = await client.call("get", "/internal/v1/shards", { response: shards });
    client.close();
    return all.filter(({ owned, running }) => owned && running).map(({ shard }) => shard);
  }

  /** Resolves once these archivers have every shard between them. */
  async shared(archivers: readonly ServiceProcess[]): Promise<void> {
    const share = Math.floor((this.partitions + 1) / archivers.length);
    for (;;) {
      const owned = await Promise.all(archivers.map((one) => this.owned(one)));
      const all = owned.flat();
      const each = owned.every(({ length }) => length >= share);
      if (each && all.length === this.partitions + 1 && new Set(all).size === all.length) return;
      await sleep(ASK_AGAIN_MS * 10);
    }
  }

  /** Starts a bare consumer. */
  plain(of: Pick<SinkOptions, "topic" | "size" | "concurrency">): PlainPeer {
    const { kafka, store, authority } = this.deployment.engines;
    const { endpoint, region, root } = store;
    return new PlainPeer({
      ...of,
      kafka: kafka.secure!,
      store: { endpoint, region, credentials: root, ca: authority.ca },
      bucket: PLAIN_BUCKET,
    });
  }

  async close(): Promise<void> {
    await this.stream.close();
    await this.deployment.remove();
  }
}

/** Asks each archiver until the one that has the shard has done it: it may move meanwhile. */
async function askOwner(
  clients: readonly ApiClient[],
  body: { shard: string; offset: number; flush: boolean },
) {
  for (let at = 0; ; at += 1) {
    const client = clients[at % clients.length]!;
    try {
      return await client.call("post", "/internal/v1/archived", { body });
    } catch (error) {
      if (!(error instanceof ProblemError) || error.status < 421) throw error;
      await sleep(ASK_AGAIN_MS);
    }
  }
}

/** A stream of the deployment's events and the plain topics. */
export function openBenchStream(engines: DeployedEngines, partitions: number): Promise<KafkaStream> {
  const { brokers, ca, username, password } = engines.kafka.secure!;
  return openKafkaStream({
    brokers,
    ssl: { ca },
    sasl: { mechanism: "scram-sha-512", username, password },
    clientId: "bench",
    partitions: Object.fromEntries([TOPICS.events, ...PLAIN_TOPICS].map((topic) => [topic, partitions])),
    retentionMs: DAY_MS,
    singleReplica: true,
  });
}

/** The plain topics, set to what Daybook's are. */
export async function makePlainTopics({ kafka }: DeployedEngines, partitions: number): Promise<void> {
  const { topics } = await planTopics(partitions);
  const admin = new kafkajs.Kafka({
    brokers: [...kafka.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: PLAIN_TOPICS.map((topic) => ({ ...topics[0], topic })),
  });
  await admin.disconnect();
}

async function makeBucket({ store, authority }: DeployedEngines): Promise<void> {
  const { endpoint, region, root } = store;
  const requestHandler = { httpsAgent: { ca: authority.ca } };
  const admin = new S3Client({ endpoint, region, credentials: root, forcePathStyle: true, requestHandler });
  await admin.send(new CreateBucketCommand({ Bucket: PLAIN_BUCKET }));
  admin.destroy();
}

function clientOf({ place }: ServiceProcess, { authority }: DeployedEngines, token: string): ApiClient {
  return apiClient({ url: `https://127.0.0.1:${place.port}`, token, ca: authority.ca });
}
