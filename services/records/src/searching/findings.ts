import type { ArchiveRecord } from "@daybook/archive-core";
import { type Excerpt, excerptOf, type Query, type RecordRef } from "@daybook/catalogue";

/** What a screen shows of a record that was found or selected. */
export interface Finding {
  readonly id: string;
  readonly kind: ArchiveRecord["kind"];
  readonly network: ArchiveRecord["network"];
  readonly method: ArchiveRecord["method"];
  readonly provenance: ArchiveRecord["provenance"];
  readonly account: string;
  readonly custodian: { readonly id: string; readonly name: string } | null;
  readonly conversation: {
    /** By which it is addressed: see `conversationKey`. */
    readonly key: string;
    readonly title: string;
    readonly kind: string;
  } | null;
  /** As the source has it. */
  readonly sender: { readonly id: string; readonly name: string } | null;
  readonly direction: "incoming" | "outgoing" | null;
  /** RFC 3339; without a zone where the source names none: then `localTime` is true. */
  readonly at: string;
  readonly localTime: boolean;
  readonly capturedAt: string;
  readonly text: Excerpt | null;
  readonly gap: { readonly from: string | null; readonly to: string | null; readonly why: string } | null;
  readonly attachments: readonly { name: string; mediaType: string; sizeBytes: number; sha256: string }[];
  /** It is in the matter's selection. */
  readonly selected: boolean;
}

/** @param query whose words are marked in the text */
export function findingOf(ref: RecordRef, record: ArchiveRecord, query: Query, selected: boolean): Finding {
  const { id, kind, network, method, provenance, account, custodian, conversation, sender, gap } = record;
  const { attachments = [] } = record;
  return {
    id,
    kind,
    network,
    method,
    provenance,
    account,
    custodian: custodian ?? null,
    conversation:
      conversation && ref.keys.conversation !== undefined
        ? {
            key: ref.keys.conversation,
            title: conversation.title,
            kind: conversation.kind,
          }
        : null,
    sender: sender ?? null,
    direction: record.direction ?? null,
    at: record.sentAt ?? record.localTime ?? record.capturedAt,
    localTime: ref.zoneUnknown,
    capturedAt: record.capturedAt,
    text: record.text === undefined ? null : excerptOf(query, record.text),
    gap: gap ? { from: gap.from ?? null, to: gap.to ?? null, why: gap.why } : null,
    attachments: attachments.map(({ name, mediaType, sizeBytes, sha256 }) => ({
      name,
      mediaType,
      sizeBytes,
      sha256,
    })),
    selected,
  };
}
