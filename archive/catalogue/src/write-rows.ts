import type { CatalogueSession } from "./connection.ts";
import { bytea, int2, int4, int8, timestamptz, uuid } from "./columns.ts";
import { shardCode } from "./codes.ts";
import { CatalogueError } from "./error.ts";
import type { DisposedRecord, IndexedRecord } from "./row.ts";

/** Rows of one INSERT: fewer cost more round trips, more make the tail longer and are no faster. */
const CHUNK_ROWS = 1_000;

const INSERT = `
INSERT INTO catalogue.record (id, shard, idx, segment, off, len, kind, network, method, provenance, account,
  custodian, conversation, sender, at, captured_at, flags, network_id, target, reply_to, source, matter,
  attachments, span_from, span_to, tokens)
SELECT u.id, u.shard, u.idx, u.segment, u.off, u.len, u.kind, u.network, u.method, u.provenance, u.account,
  u.custodian, u.conversation, u.sender, u.at, u.captured_at, u.flags, u.network_id, u.target, u.reply_to, u.source,
  u.matter, u.attachments, u.span_from, u.span_to,
  CASE WHEN u.last > u.first THEN ($26::bigint[])[u.first + 1:u.last] END
FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bigint[], $5::int[], $6::int[], $7::smallint[],
  $8::smallint[], $9::smallint[], $10::smallint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
  $15::timestamptz[], $16::timestamptz[], $17::smallint[], $18::bigint[], $19::bigint[], $20::bigint[],
  $21::bigint[], $22::bigint[], $23::smallint[], $24::timestamptz[], $25::timestamptz[], $27::int[], $28::int[])
  AS u (id, shard, idx, segment, off, len, kind, network, method, provenance, account, custodian, conversation,
    sender, at, captured_at, flags, network_id, target, reply_to, source, matter, attachments, span_from, span_to,
    first, last)
ON CONFLICT (id) DO NOTHING`;

const INSERT_DISPOSED = `
INSERT INTO catalogue.record (id, shard, idx, disposed)
SELECT u.id, u.shard, u.idx, true FROM unnest($1::uuid[], $2::smallint[], $3::bigint[]) AS u (id, shard, idx)
ON CONFLICT (id) DO NOTHING`;

/** A segment that is there under another digest means that this catalogue reflects another log. */
const INSERT_SEGMENTS = `
INSERT INTO catalogue.segment AS s (shard, first_index, digest)
SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[])
ON CONFLICT (shard, first_index) DO UPDATE SET digest = s.digest WHERE s.digest = EXCLUDED.digest`;

/** Inserts the rows that are not there yet, by id, within the session's transaction. @returns how many were new */
export async function insertRecords(
  session: CatalogueSession,
  records: readonly IndexedRecord[],
): Promise<void> {
  for (let start = 0; start < records.length; start += CHUNK_ROWS) {
    const chunk = records.slice(start, start + CHUNK_ROWS);
    await session.query(INSERT, columnsOf(chunk), "catalogue-insert");
  }
}

/** Puts back the ids of records that were disposed of. */
export async function insertDisposed(
  session: CatalogueSession,
  disposed: readonly DisposedRecord[],
): Promise<void> {
  await session.query(INSERT_DISPOSED, [
    uuid(disposed.map((r) => r.id)),
    int2(disposed.map((r) => shardCode(r.position.shard))),
    int8(disposed.map((r) => BigInt(r.position.index))),
  ]);
}

/** Notes the segments of these records. @throws {CatalogueError} `diverged` */
export async function insertSegments(
  session: CatalogueSession,
  records: readonly IndexedRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const segments = new Map<string, { shard: number; firstIndex: bigint; digest: Buffer }>();
  for (const { position } of records) {
    segments.set(`${position.shard}/${position.segment.firstIndex}/${position.segment.digest}`, {
      shard: shardCode(position.shard),
      firstIndex: BigInt(position.segment.firstIndex),
      digest: Buffer.from(position.segment.digest, "hex"),
    });
  }
  const rows = [...segments.values()].sort(
    (a, b) => a.shard - b.shard || Number(a.firstIndex - b.firstIndex),
  );
  const { affected } = await session.query(
    INSERT_SEGMENTS,
    [int2(rows.map((r) => r.shard)), int8(rows.map((r) => r.firstIndex)), bytea(rows.map((r) => r.digest))],
    "catalogue-segments",
  );
  if (affected !== rows.length)
    throw new CatalogueError("diverged", "the catalogue knows another segment at this place");
}

function columnsOf(records: readonly IndexedRecord[]): Buffer[] {
  const tokens: bigint[] = [];
  const first: number[] = [];
  const last: number[] = [];
  for (const record of records) {
    first.push(tokens.length);
    for (const word of record.words ?? []) tokens.push(word.token);
    last.push(tokens.length);
  }
  const column = <Value>(read: (record: IndexedRecord) => Value): Value[] => records.map(read);
  return [
    uuid(column((r) => r.id)),
    int2(column((r) => shardCode(r.position.shard))),
    int8(column((r) => BigInt(r.position.index))),
    int8(column((r) => BigInt(r.position.segment.firstIndex))),
    int4(column((r) => r.position.off)),
    int4(column((r) => r.position.len)),
    int2(column((r) => r.kind)),
    int2(column((r) => r.network)),
    int2(column((r) => r.method)),
    int2(column((r) => r.provenance)),
    int8(column((r) => r.account)),
    int8(column((r) => r.custodian)),
    int8(column((r) => r.conversation)),
    int8(column((r) => r.sender)),
    timestamptz(column((r) => r.at)),
    timestamptz(column((r) => r.capturedAt)),
    int2(column((r) => r.flags)),
    int8(column((r) => r.networkId)),
    int8(column((r) => r.target)),
    int8(column((r) => r.replyTo)),
    int8(column((r) => r.source)),
    int8(column((r) => r.matter)),
    int2(column((r) => r.attachments)),
    timestamptz(column((r) => r.from)),
    timestamptz(column((r) => r.to)),
    int8(tokens),
    int4(first),
    int4(last),
  ];
}
