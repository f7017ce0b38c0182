import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { ArchiveRecord } from "@daybook/archive-core";
import {
  type CatalogueConnection,
  type CatalogueReader,
  type CatalogueWriter,
  type CataloguePool,
  type CellOpener,
  type CellSealer,
  createCatalogueReader,
  createCatalogueWriter,
  createRecordIndexer,
  type IndexedRecord,
  type LeafPosition,
  migrate,
  openCatalogue,
  type ReadTexts,
  type RecordRef,
  type SealingKey,
} from "../../src/index.ts";

export const tokenKey = Buffer.alloc(32, 7);

/** Real sealing without key pairs: what is wrapped is the key itself, turned inside out. */
export function testCells(): CellSealer & CellOpener {
  const key = randomBytes(32);
  const turned = (bytes: Uint8Array) => Buffer.from(bytes.map((byte) => byte ^ 0xff));
  const sealing: SealingKey = {
    wrapped: turned(key),
    seal(plaintext) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv);
      return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
  };
  return {
    current: () => Promise.resolve(sealing),
    unwrap: async (wrapped) => (cell) => {
      const decipher = createDecipheriv("aes-256-gcm", turned(wrapped), cell.subarray(0, 12));
      decipher.setAuthTag(cell.subarray(-16));
      return Buffer.concat([decipher.update(cell.subarray(12, -16)), decipher.final()]);
    },
  };
}

/** A record of a message; what is given replaces what is made up. */
export function recordOf(given: Partial<ArchiveRecord> = {}): ArchiveRecord {
  return {
    v: 1,
    kind: "message",
    network: "whatsapp",
    method: "linked-device",
    provenance: "captured",
    account: "acct-1",
    custodian: { id: "cust-1", name: "Ada Custodian" },
    conversation: { id: "conv-1", title: "Budget talks", kind: "group" },
    sender: { id: "441632960001", name: "Grace Sender" },
    sentAt: "2026-03-04T15:04:05.000Z",
    capturedAt: "2026-03-04T15:04:06.000Z",
    raw: "",
    connector: { name: "test", version: "1" },
    id: randomBytes(16).toString("hex"),
    salt: "00".repeat(32),
    ...given,
  };
}

/** A catalogue in a database of its own, and a fake archive: the records that were written to it. */
export interface TestCatalogue {
  readonly connection: CatalogueConnection;
  readonly writer: CatalogueWriter;
  readonly reader: CatalogueReader;
  readonly writerPool: CataloguePool;
  readonly cells: CellSealer & CellOpener;
  /** Records by id: what `texts` reads. */
  readonly archive: Map<string, ArchiveRecord>;
  readonly texts: ReadTexts;
  /** How many texts were read. */
  readonly reads: { count: number };
  index(
    records: readonly ArchiveRecord[],
    shard?: string,
  ): { rows: IndexedRecord[]; from: number; size: number };
  /** Appends records to a shard and writes their rows. */
  add(records: readonly ArchiveRecord[], shard?: string): Promise<void>;
  close(): Promise<void>;
}

export const streamAt = (offset: number) => ({ id: "stream-1", partition: 0, offset });

/** @param logins other than `connection`, which owns */
export async function openTestCatalogue(
  connection: CatalogueConnection,
  logins: { writer: CatalogueConnection; reader: CatalogueConnection } = {
    writer: connection,
    reader: connection,
  },
): Promise<TestCatalogue> {
  const owner = openCatalogue(connection, "owner", { max: 1 });
  await migrate(owner);
  await owner.close();
  const writerPool = openCatalogue(logins.writer, "writer", { max: 4 });
  const readerPool = openCatalogue(logins.reader, "reader", { max: 4 });
  const cells = testCells();
  const writer = createCatalogueWriter({ pool: writerPool, cells });
  const reader = createCatalogueReader({ pool: readerPool, tokenKey, cells });
  const indexer = createRecordIndexer(tokenKey);
  const archive = new Map<string, ArchiveRecord>();
  const sizes = new Map<string, number>();
  const reads = { count: 0 };

  const catalogue: TestCatalogue = {
    connection,
    writer,
    reader,
    writerPool,
    cells,
    archive,
    reads,
    texts: async (refs: readonly RecordRef[]) => {
      reads.count += refs.length;
      return refs.map((ref) => archive.get(ref.id)?.text);
    },
    index(records, shard = "0") {
      const from = sizes.get(shard) ?? 0;
      const rows = records.map((record, at) => {
        archive.set(record.id, record);
        return indexer.index(record, positionAt(shard, from + at));
      });
      sizes.set(shard, from + records.length);
      return { rows, from, size: from + records.length };
    },
    async add(records, shard = "0") {
      const { rows, from, size } = catalogue.index(records, shard);
      await writer.write(rows, { shard, from, size, stream: streamAt(size) });
    },
    async close() {
      await writerPool.close();
      await readerPool.close();
    },
  };
  return catalogue;
}

/** A leaf in a segment of 100. */
export function positionAt(shard: string, index: number): LeafPosition {
  const firstIndex = index - (index % 100);
  return {
    shard,
    index,
    segment: { firstIndex, digest: firstIndex.toString(16).padStart(64, "0") },
    off: index,
    len: 9,
  };
}

/** The ids that a search finds on its first page. */
export async function found(
  { reader, texts }: TestCatalogue,
  words: string,
  filters: Parameters<CatalogueReader["search"]>[0]["filters"] = {},
): Promise<string[]> {
  const page = await reader.search({ words, filters, limit: 500, texts });
  return page.results.map((ref) => ref.id);
}
