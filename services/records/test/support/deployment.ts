import { createSecretKey } from "node:crypto";
import { type Audit, type Captured, encodeEnvelope, envelope, type Event, TOPICS } from "@daybook/contract";
import type { Stores } from "@daybook/archive-core";
import { memoryStores, type MemoryStores } from "@daybook/archive-core/testing";
import {
  createCatalogueReader,
  createCatalogueWriter,
  createRecordIndexer,
  migrate,
  openCatalogue,
  openCellsWith,
  sealCellsTo,
} from "@daybook/catalogue";
import { anyOf, encryptToKeys, formatSessionKey, newSessionKey, sealPacket } from "@daybook/openpgp";
import { createHash, randomUUID } from "node:crypto";
import type { Connection, RecordsOptions } from "../../src/index.ts";
import { MemoryArchiveKeys } from "./memory-archive-keys.ts";
import { memoryCipher, MemoryStream } from "./memory-stream.ts";
import { type Running, startRunning } from "./running.ts";
import { SmallArchiver, vkeyOf } from "./small-archiver.ts";
import type { TestPostgres } from "@daybook/catalogue/testing";

export { INTERNAL_TOKEN, type Running } from "./running.ts";
export const REGISTRY_KEY = Buffer.alloc(32, 3);
const DEPLOYMENT = "test";

/** A whole deployment but for the services beside this one: what outlives a crash of the records service. */
export interface Deployment<S extends Stores = MemoryStores> {
  readonly connection: Connection;
  readonly stores: S;
  readonly stream: MemoryStream;
  readonly archiver: SmallArchiver;
  readonly archiveKeys: MemoryArchiveKeys;
  /** Everything that was logged, as text. */
  readonly logged: string[];
  /** The clock. */
  time: number;
  ownerToken: string | undefined;
  /** Puts an event on the stream of shard 0 and waits until it can be searched. */
  capture(...events: readonly Partial<Event>[]): Promise<void>;
  /** As capture, of events that have attachments or ids of their own. */
  captureAll(events: readonly Captured[], keysOf?: (captured: Captured) => string[]): Promise<void>;
  attach(
    content: string,
    name: string,
  ): Promise<{ ref: NonNullable<Event["attachments"]>[number]; key: string }>;
  sql(text: string, values?: unknown[]): Promise<unknown[][]>;
  /** Audit events that are on the stream. */
  auditEvents(): Promise<Audit[]>;
  /** Puts an event aside that cannot be archived, sealed to the archive key. */
  park(): Promise<void>;
  /** For the audit topic. */
  seal(plaintext: Uint8Array): Promise<Uint8Array>;
  /** @param onOpen told when the API answers, which is before the service is ready */
  start(
    over?: Partial<RecordsOptions>,
    onOpen?: (api: Pick<Running, "as">) => void,
    stop?: AbortSignal,
  ): Promise<Running>;
  close(): Promise<void>;
}

export async function createDeployment(
  postgres: TestPostgres,
  { keyringCopy = false, ...more }: { keyringCopy?: boolean; segmentRecords?: number } = {},
): Promise<Deployment> {
  const clock = { time: Date.parse("2026-03-10T12:00:00.000Z") };
  const stores = memoryStores({ now: () => new Date(clock.time), keyringCopy });
  return deploymentOver(postgres, stores, clock, more);
}

/** A deployment over any stores. @param clock the time of it all, which a test may change */
export async function deploymentOver<S extends Stores>(
  postgres: TestPostgres,
  stores: S,
  clock: { time: number },
  { segmentRecords = 100 }: { segmentRecords?: number } = {},
): Promise<Deployment<S>> {
  const connection = await postgres.database();
  const archiveKeys = await MemoryArchiveKeys.create();
  const holder = anyOf(() => archiveKeys.privateKeys());
  const recipients = () => archiveKeys.recipients().inForce(now());
  const tokenKey = Buffer.alloc(32, 1);
  const owner = openCatalogue(connection, "owner");
  await migrate(owner);
  await owner.close();
  const writerPool = openCatalogue(connection, "writer", { max: 3 });
  const readerPool = openCatalogue(connection, "reader");
  const stream = new MemoryStream();
  const cipher = memoryCipher();
  const now = () => new Date(clock.time);
  const indexer = createRecordIndexer(tokenKey);
  const catalogueWriter = createCatalogueWriter({ pool: writerPool, cells: sealCellsTo(recipients) });
  const archiver = new SmallArchiver({
    deployment: DEPLOYMENT,
    stores,
    stream,
    opener: cipher,
    recipients,
    namingKey: createSecretKey(Buffer.alloc(32, 2)),
    catalogue: catalogueWriter,
    indexer,
    now,
    segmentRecords,
  });

  const captureAll: Deployment["captureAll"] = async (events, keysOf = () => []) => {
    const payloads = await Promise.all(
      events.map((captured) =>
        cipher.seal(
          encodeEnvelope({
            v: 1,
            eventId: captured.eventId,
            stableDigest: captured.stableDigest,
            keys: keysOf(captured),
            event: { capturedAt: now().toISOString(), ...captured.event },
          }),
          `${TOPICS.events}/0`,
        ),
      ),
    );
    await stream.send(TOPICS.events, 0, payloads);
    await archiver.archived("0", stream.messages(TOPICS.events, 0).length);
  };

  const deployment: Deployment<S> = {
    connection,
    stores,
    stream,
    archiver,
    archiveKeys,
    logged: [],
    get time() {
      return clock.time;
    },
    set time(to) {
      clock.time = to;
    },
    ownerToken: undefined,
    captureAll,
    capture: (...events) =>
      captureAll(
        events.map((event) => ({
          eventId: randomUUID(),
          stableDigest: createHash("sha256").update(JSON.stringify(event)).digest("hex"),
          event: messageOf(event),
        })),
      ),
    async attach(content, name) {
      const key = newSessionKey();
      const sealed = sealPacket(Buffer.from(content), key);
      const digest = createHash("sha256").update(sealed).digest("hex");
      const retainUntil = new Date(deployment.time + 400 * 86_400_000);
      await stores.records.put({ key: `attachment/${digest}`, body: sealed, retainUntil });
      const sha256 = createHash("sha256").update(content).digest("hex");
      const ref = {
        name,
        mediaType: "text/plain",
        sizeBytes: Buffer.byteLength(content),
        sha256,
        sealed: digest,
      };
      return { ref, key: formatSessionKey(key) };
    },
    auditEvents: async () => {
      const opened = await Promise.all(
        stream.messages(TOPICS.audit, 0).map((message) => cipher.open(message, `${TOPICS.audit}/0`)),
      );
      return opened.flatMap(
        (bytes) => envelope.parse(JSON.parse(Buffer.from(bytes).toString())).event.audit ?? [],
      );
    },
    async park() {
      await stream.send(TOPICS.parked, 0, [await encryptToKeys(Buffer.from("{}"), recipients())]);
    },
    seal: (plaintext) => cipher.seal(plaintext, `${TOPICS.audit}/0`),
    sql: (text, values) => postgres.sql(connection, text, values),
    start: (over = {}, onOpen = () => undefined, stop) =>
      startRunning(
        deployment,
        {
          deployment: DEPLOYMENT,
          sample: false,
          database: connection,
          stores,
          archiveKeys,
          catalogue: createCatalogueReader({ pool: readerPool, tokenKey, cells: openCellsWith(holder) }),
          catalogueWriter,
          indexer,
          producer: stream,
          sealer: cipher,
          stream,
          registryKey: REGISTRY_KEY,
          scopeKey: Buffer.alloc(32, 4),
          vkeys: { "0": vkeyOf(DEPLOYMENT, "0"), audit: vkeyOf(DEPLOYMENT, "audit") },
          archiver,
          keptElsewhere: { streamDays: 7, keyringSnapshotDays: 35, databaseBackupDays: 30 },
          minLockDays: 200,
          now,
          ...over,
        },
        onOpen,
        stop,
      ),
    async close() {
      await writerPool.close();
      await readerPool.close();
    },
  };
  return deployment;
}

/** A message; what is given replaces what is made up. */
export function messageOf(given: Partial<Event> = {}): Omit<Event, "capturedAt"> & { capturedAt?: string } {
  return {
    v: 1,
    kind: "message",
    network: "whatsapp",
    method: "export",
    provenance: "supplied",
    account: "acct-1",
    conversation: { id: "conv-1", title: "Harbour works", kind: "group" },
    sender: { id: "p-1", name: "Grace Sender" },
    sentAt: "2026-03-04T15:04:05.000Z",
    text: "nothing in particular",
    raw: "",
    connector: { name: "test", version: "1" },
    ...given,
  };
}
