import type { ArchiveRecord } from "@daybook/archive-core";
import { sortTime } from "@daybook/contract";
import { kindCode, methodCode, networkCode, provenanceCode, SEARCHED_KINDS } from "./codes.ts";
import { createIdentifiers } from "./identifiers.ts";
import { mediaTypesOf } from "./media.ts";
import { createNames, type Named } from "./names.ts";
import { createTokeniser, type Word } from "./tokens.ts";

/** Where a record is: in its log, and in the segment that holds it. */
export interface LeafPosition {
  readonly shard: string;
  /** Index of its leaf, from 0. */
  readonly index: number;
  /** The segment, by the index of its first leaf and the SHA-256 of its packets, hex. */
  readonly segment: { readonly firstIndex: number; readonly digest: string };
  /** Offset of its packet from the segment's first packet, and its length, in bytes. */
  readonly off: number;
  readonly len: number;
}

export const FLAG_ZONE_UNKNOWN = 1;
export const FLAG_PARTLY_INDEXED = 2;
/** It does not say to whom it went. */
export const FLAG_RECIPIENTS_UNTOLD = 4;

/** A row to be, made by the indexer. Holds words and names in clear: keep it in memory only. */
export interface IndexedRecord {
  readonly id: string;
  readonly position: LeafPosition;
  readonly kind: number;
  readonly network: number;
  readonly method: number;
  readonly provenance: number;
  readonly account: bigint;
  readonly custodian: bigint | undefined;
  readonly conversation: bigint | undefined;
  readonly sender: bigint | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly capturedAt: number;
  readonly flags: number;
  readonly networkId: bigint | undefined;
  readonly target: bigint | undefined;
  readonly replyTo: bigint | undefined;
  readonly source: bigint | undefined;
  readonly matter: bigint | undefined;
  readonly attachments: number;
  /** The interval that a gap or a coverage record speaks of. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** And the types of its attachments and its recipients, as tokens of their own. Undefined where nothing is indexed. */
  readonly words: readonly Word[] | undefined;
  readonly names: readonly Named[];
  readonly title: Named | undefined;
}

/** A record that was disposed of before it was indexed: at a rebuild, its id is all that is put back. */
export interface DisposedRecord {
  readonly id: string;
  readonly position: Pick<LeafPosition, "shard" | "index">;
  readonly disposed: true;
}

export interface RecordIndexer {
  /** Pure but for its memory of words and identifiers. Never fails on a record that fits its schema. */
  index(record: ArchiveRecord, position: LeafPosition): IndexedRecord;
}

const SMALLINT_MAX = 32_767;

/** @param tokenKey 32 bytes: the key of the word tokens and of the keyed identifiers */
export function createRecordIndexer(tokenKey: Uint8Array): RecordIndexer {
  const identifiers = createIdentifiers(tokenKey);
  const tokeniser = createTokeniser(tokenKey);
  const searched: ReadonlySet<string> = new Set(SEARCHED_KINDS);

  const custodianNamed = createNames(identifiers, { id: "custodian", name: "name" });
  const senderNamed = createNames(identifiers, { id: "party", name: "name" });
  const conversationTitled = createNames(identifiers, { id: "conversation", name: "title" });

  return {
    index(record, position) {
      const { network, conversation, custodian, sender } = record;
      const message = (id: string | undefined) =>
        id === undefined ? undefined : identifiers.of("message", network, id);
      const at = Date.parse(sortTime(record));
      const custodianName = custodian && custodianNamed({ ...custodian, at });
      const senderName = sender && senderNamed({ ...sender, network, at });
      const title =
        conversation &&
        conversationTitled({
          network,
          id: conversation.id,
          name: conversation.title,
          at,
          more: { kind: conversation.kind },
        });
      const text = searched.has(record.kind) && record.text !== undefined ? record.text : undefined;
      const indexed = text === undefined ? undefined : tokeniser.tokenise(text);
      const media = mediaTypesOf(record.attachments ?? []).map((type) =>
        unspoken(type, identifiers.recurring("media", type)),
      );
      // By the key that is in the column where they are the sender.
      const recipients = [...new Set(record.recipients?.map(({ id }) => id))].map((id) =>
        unspoken(id, identifiers.recurring("party", network, id)),
      );
      const others = [...media, ...recipients];
      const span = spanOf(record, at);

      return {
        id: record.id,
        position,
        kind: kindCode(record.kind),
        network: networkCode(network),
        method: methodCode(record.method),
        provenance: provenanceCode(record.provenance),
        account: identifiers.recurring("account", network, record.account),
        custodian: custodianName?.key,
        conversation: title?.key,
        sender: senderName?.key,
        at,
        capturedAt: Date.parse(record.capturedAt),
        flags:
          (record.sentAt === undefined && record.localTime !== undefined ? FLAG_ZONE_UNKNOWN : 0) |
          (indexed?.whole === false ? FLAG_PARTLY_INDEXED : 0) |
          (recipients.length === 0 ? FLAG_RECIPIENTS_UNTOLD : 0),
        networkId: message(record.networkId),
        target: message(record.target),
        replyTo: message(record.replyTo),
        source: sourceOf(record, (sha256) => identifiers.recurring("source", sha256)),
        matter:
          record.audit?.matter === undefined
            ? undefined
            : identifiers.recurring("matter", record.audit.matter),
        attachments: Math.min(record.attachments?.length ?? 0, SMALLINT_MAX),
        from: span?.from,
        to: span?.to,
        words: others.length === 0 ? indexed?.words : [...(indexed?.words ?? []), ...others],
        names: [custodianName, senderName].filter((name) => name !== undefined),
        title,
      };
    },
  };
}

/** A token that stands for no word of a text: the vocabulary does not have it. */
function unspoken(text: string, token: bigint): Word {
  return { text, token, storedAt: Infinity };
}

/** A notice with an attachment is that of the imported file; other records cite the file. */
function sourceOf(record: ArchiveRecord, key: (sha256: string) => bigint): bigint | undefined {
  const cited = record.source?.sha256;
  if (cited !== undefined) return key(cited);
  const attached = record.kind === "notice" ? record.attachments?.[0]?.sha256 : undefined;
  return attached === undefined ? undefined : key(attached);
}

function spanOf(record: ArchiveRecord, at: number): { from: number; to: number } | undefined {
  if (record.coverage) return { from: Date.parse(record.coverage.from), to: Date.parse(record.coverage.to) };
  if (record.kind !== "gap") return undefined;
  const from = record.gap?.from === undefined ? undefined : Date.parse(record.gap.from);
  const to = record.gap?.to === undefined ? undefined : Date.parse(record.gap.to);
  return { from: from ?? to ?? at, to: to ?? Math.max(from ?? at, at) };
}
