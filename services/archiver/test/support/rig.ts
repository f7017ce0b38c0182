import { PassThrough } from "node:stream";
import { ArchiverProgress, type ArchiverOptions, payloadContext, runArchiver } from "../../src/index.ts";
import { decodeSegment, fsck, type Stores } from "@daybook/archive-core";
import { type MemoryStores, memoryStores } from "@daybook/archive-core/testing";
import { createRecordIndexer } from "@daybook/catalogue";
import { type Event, TOPICS } from "@daybook/contract";
import { openPacket, readKeyBlock } from "@daybook/openpgp";
import { createLogger } from "@daybook/runtime";
import { MemoryStream } from "@daybook/stream/testing";
import { keyBlockKey, logEntries, logFileReader, record, type ArchiveRecord } from "@daybook/archive-core";
import { decodeHead, decodeLeaf, headKey, segmentKey } from "@daybook/archive-core";
import { MemoryCatalogue } from "./catalogue.ts";
import { eventBytes } from "./events.ts";
import { ciphers, namingKey, signerOf, type TestKeys, testKeys, tokenKey } from "./keys.ts";

export const SHARD = "0";
const PARTITION = 0;

/** One shard on fakes that work, and an archiver that can be started, stopped and killed on it. */
export interface Rig {
  readonly keys: TestKeys;
  readonly stores: MemoryStores;
  readonly stream: MemoryStream;
  readonly catalogue: MemoryCatalogue;
  /** What the archiver logs, one JSON object each. */
  readonly lines: () => { level: string; message: string; [field: string]: unknown }[];
  options(more?: Partial<ArchiverOptions>): ArchiverOptions;
  start(more?: Partial<ArchiverOptions>): Running;
  /** Sends events, by their numbers. @returns offset after the last */
  send(numbers: readonly number[], more?: Partial<Event>): Promise<number>;
  sendRaw(payloads: readonly Uint8Array[]): Promise<number>;
  /** Every record in the log, opened with its key from the keyring, in order. */
  records(): Promise<ArchiveRecord[]>;
  /** The numbers of the events in the log, after checking it from the ground up. */
  archived(): Promise<number[]>;
}

export interface Running {
  readonly progress: ArchiverProgress;
  readonly done: Promise<void>;
  /** Waits until everything below the offset is archived, or the archiver fails. */
  until(offset: number): Promise<void>;
  stop(): Promise<void>;
}

export function startArchiver(options: ArchiverOptions): Running {
  const stopping = new AbortController();
  const done = runArchiver(options, stopping.signal);
  done.catch(() => undefined);
  return {
    progress: options.progress,
    done,
    until: (offset) =>
      Promise.race([
        options.progress.archived(SHARD, offset, { flush: true }),
        done.then(() => {
          throw new Error("it stopped first");
        }),
      ]),
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

export async function makeRig(): Promise<Rig> {
  const keys = await testKeys();
  const stores = memoryStores();
  const stream = new MemoryStream();
  const catalogue = new MemoryCatalogue();
  const { opener, sealer } = ciphers(keys.ingest);
  const logged = new PassThrough();
  let text = "";
  logged.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const log = createLogger("archiver", "debug", { stream: logged });

  const rig: Rig = {
    keys,
    stores,
    stream,
    catalogue,
    lines: () =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as { level: string; message: string }),
    options: (more = {}) => ({
      deployment: "dept.example",
      shards: [
        { shard: SHARD, topic: TOPICS.events, partition: PARTITION, signer: signerOf(SHARD), lingerMs: 20 },
      ],
      stores,
      stream,
      trimmer: stream,
      producer: stream,
      opener,
      sealer,
      recipients: () => keys.recipients,
      namingKey,
      catalogue,
      indexer: createRecordIndexer(tokenKey),
      lockDays: 400,
      trimMargin: 1_000_000,
      progress: new ArchiverProgress([SHARD]),
      log,
      now: () => new Date(),
      ...more,
    }),
    start: (more) => startArchiver(rig.options(more)),
    async send(numbers, more) {
      return rig.sendRaw(await Promise.all(numbers.map((n) => sealer.seal(eventBytes(n, more), context))));
    },
    async sendRaw(payloads) {
      return (await stream.send(TOPICS.events, PARTITION, payloads)) + payloads.length;
    },
    records: () => openRecords(stores, keys),
    archived: () => archivedNumbers(stores, keys),
  };
  return rig;
}

export const context = payloadContext(TOPICS.events, PARTITION);

/** Every record of a shard, opened with its key from the keyring, in order. */
export async function openRecords(stores: Stores, keys: TestKeys): Promise<ArchiveRecord[]> {
  const head = await stores.heads.read(headKey(SHARD));
  if (!head) return [];
  const size = Number(decodeHead(head.body).checkpoint.split("\n")[1]);
  const records: ArchiveRecord[] = [];
  let segment: ReturnType<typeof decodeSegment> | undefined;
  let lines = new Map<number, Awaited<ReturnType<typeof readKeyBlock>>[number]["key"]>();
  let first = 0;
  for await (const { index, entry } of logEntries(logFileReader(stores, SHARD), size)) {
    const { seg, off } = decodeLeaf(entry);
    if (off === 0) {
      first = index;
      segment = decodeSegment(await stores.records.get(segmentKey(SHARD, index, seg)));
      const block = (await stores.keyring.read(keyBlockKey(SHARD, index, seg)))!;
      const all = await readKeyBlock(block.body, keys.privateKey);
      lines = new Map(all.filter((l) => l.attachment === undefined).map((l) => [l.index, l.key]));
    }
    const json = openPacket(segment!.packet(index - first), lines.get(index)!).toString();
    records.push(record.parse(JSON.parse(json)));
  }
  return records;
}

/** The numbers of the events in the log, in its order, after `fsck`. */
export async function archivedNumbers(stores: Stores, keys: TestKeys): Promise<number[]> {
  const report = await fsck({
    shard: SHARD,
    vkey: signerOf(SHARD).vkey,
    stores,
    minLockDays: 200,
    now: new Date(),
    keyLines: async (block) => new Set((await readKeyBlock(block, keys.privateKey)).map((l) => l.index)),
  });
  expect(report.problems).toEqual([]);
  const records = await openRecords(stores, keys);
  return records.map(({ networkId, kind }) => (kind === "message" ? Number(networkId?.slice(1)) : -1));
}
