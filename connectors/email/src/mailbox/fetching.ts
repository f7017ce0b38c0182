import { captureBatches, type Log, type ScopedSink } from "@daybook/keeping";
import { fieldsOf } from "../events/fields.ts";
import { eventsOf, idOf, inPlaceOf } from "../events/message.ts";
import { hasBareBreaks, sha256 } from "../reading/header-block.ts";
import type { MailReader } from "../reading/mail-reader.ts";
import { readMessage } from "../reading/read-message.ts";
import { type Fetched, type Line, Refused } from "./line.ts";
import type { Memory, Noted } from "./memory.ts";
import { accountOf, type ImapAccount } from "./options.ts";
import type { Missed } from "./state.ts";

/** Fetched, read and captured at a time. */
const BATCH = 50;
const BATCH_BYTES = 16 * 1024 * 1024;
/** What a message is told from others by, of its digest: 128 bits. */
const DIGEST_CHARACTERS = 32;

export interface FetchingOptions {
  readonly account: ImapAccount;
  readonly memory: Memory;
  readonly sink: ScopedSink;
  readonly reader: MailReader;
  /** Of one message. */
  readonly maxBytes: number;
  readonly log: Log;
}

/** What became of messages that were asked for. */
export interface Had {
  readonly noted: readonly Noted[];
  readonly missed: readonly Pick<Missed, "why" | "uids" | "count">[];
}

/** UIDs, by what is fetched at a time, and those that are never fetched: of a message by itself, for its size. */
export async function* batchesOf(
  uids: readonly number[],
  line: Line,
  maxBytes: number,
): AsyncGenerator<{ readonly uids: readonly number[]; readonly tooLarge: readonly number[] }> {
  for (let from = 0; from < uids.length; from += BATCH) {
    const asked = uids.slice(from, from + BATCH);
    const sizes = await line.sizes(asked);
    let batch: number[] = [];
    let bytes = 0;
    let tooLarge: number[] = [];
    for (const uid of asked) {
      const size = sizes.get(uid) ?? 0;
      if (size > maxBytes) {
        tooLarge.push(uid);
        continue;
      }
      if (batch.length > 0 && bytes + size > BATCH_BYTES) {
        yield { uids: batch, tooLarge };
        [batch, bytes, tooLarge] = [[], 0, []];
      }
      batch.push(uid);
      bytes += size;
    }
    yield { uids: batch, tooLarge };
  }
}

/**
 * Captures messages of the folder that is open. Resolves once they are durable; may be repeated.
 *
 * @throws {ConnectorError} retryable: nobody knows what is durable
 */
export async function capture(
  { uids, tooLarge }: { readonly uids: readonly number[]; readonly tooLarge: readonly number[] },
  line: Line,
  of: FetchingOptions,
): Promise<Had> {
  const { messages, refused } = await fetched(uids, line);
  const noted: Noted[] = [];
  for (const message of messages) noted.push(await captured(message, of));
  const had = new Set([...messages.map(({ uid }) => uid), ...refused]);
  const gone = uids.filter((uid) => !had.has(uid));
  const missed = (why: Missed["why"], some: readonly number[]) =>
    some.length === 0 ? [] : [{ why, uids: [...some], count: some.length }];
  return {
    noted,
    missed: [
      ...missed("gone", gone),
      ...missed("refused", refused),
      ...tooLarge.flatMap((uid) => missed("too-large", [uid])),
    ],
  };
}

/** One message that the server cannot hand over does not keep the others back. */
async function fetched(
  uids: readonly number[],
  line: Line,
): Promise<{ messages: readonly Fetched[]; refused: readonly number[] }> {
  if (uids.length === 0) return { messages: [], refused: [] };
  try {
    return { messages: await line.fetch(uids), refused: [] };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  const messages: Fetched[] = [];
  const refused: number[] = [];
  for (const uid of uids) {
    try {
      messages.push(...(await line.fetch([uid])));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push(uid);
    }
  }
  return { messages, refused };
}

async function captured({ uid, bytes, receivedAt }: Fetched, of: FetchingOptions): Promise<Noted> {
  const { account, memory, sink, reader } = of;
  const digest = sha256(bytes).slice(0, DIGEST_CHARACTERS);
  const known = memory.message(digest);
  if (known) return { uid, digest, target: known.target };
  const read = await readMessage(bytes, reader);
  const parts = {
    ...read,
    ...idOf("imap", bytes),
    delivered: bytes,
    doubts: hasBareBreaks(bytes) ? ["it has lines that end otherwise than mail has them"] : [],
  };
  const refusedOr =
    read.result.refused === undefined ? read.result : { refused: read.result.refused, block: read.block };
  const { fields } = fieldsOf(refusedOr, read);
  const isOurs = fields.sender?.id === accountOf(account);
  const about = {
    method: "export",
    provenance: "supplied",
    account: accountOf(account),
    custodian: account.custodian,
    direction: isOurs ? "outgoing" : "incoming",
    ...(receivedAt && { receivedAt: receivedAt.toISOString() }),
  } as const;
  const { conversation } = fields;
  const isLeftOut = await sink.excludes?.({ ...about, network: "email", conversation });
  const drafts = await eventsOf(parts, about, isLeftOut ? undefined : sink);
  await captureBatches(drafts, { ...of, inPlaceOf });
  return { uid, digest, target: isLeftOut ? undefined : fields.networkId };
}
