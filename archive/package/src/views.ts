import { type ArchiveRecord, canonical, type Json } from "@daybook/archive-core";

/** Line of `gaps.jsonl`: where the archive knows that it was blind, and about what. */
export function gapView(record: ArchiveRecord, about?: string): string {
  const { gap } = record;
  return line({
    ...place(record),
    about: about ?? gap?.about,
    from: gap?.from,
    target: record.target,
    to: gap?.to,
    why: gap?.why,
  });
}

/** Line of `coverage.jsonl`: an interval in which a link was live, catching up or down. */
export function coverageView(record: ArchiveRecord): string {
  return line({ ...place(record), ...record.coverage });
}

/** Line of `audit.jsonl`: who did what, why. */
export function auditView({ id, capturedAt, audit }: ArchiveRecord): string {
  return line({ ...audit, capturedAt, id });
}

function place({ id, network, method, account, custodian, conversation, capturedAt }: ArchiveRecord) {
  return { account, capturedAt, conversation: conversation?.id, custodian, id, method, network };
}

function line(view: { readonly [name: string]: Json | undefined }): string {
  return `${canonical(view)}\n`;
}
