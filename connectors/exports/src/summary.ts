import type { DateOrder } from "./calendar.ts";
import type { Entry } from "./entries.ts";
import type { Survey } from "./survey.ts";
import type { Warning, WarningLog } from "./warnings.ts";

/** What an import says of one chat, as `daybook import --json` prints it. */
export interface Summary {
  /** Records that a person wrote: placeholders of deleted messages and of media among them. */
  readonly messages: number;
  /** Lines that the app wrote. */
  readonly system: number;
  /** Who wrote messages, in order of first appearance; at most 20,000. */
  readonly authors: readonly string[];
  /** Wall-clock times of the first and last record in file order. */
  readonly first: string | undefined;
  readonly last: string | undefined;
  /** Messages that name a file, or hold the placeholder of media left out. */
  readonly attachments: number;
  readonly order: DateOrder;
  readonly ambiguous: boolean;
  readonly multiline: number;
  readonly edited: number;
  readonly deleted: number;
  /** Bytes before the first record, which are part of none: with the records' they are all of the text. */
  readonly leadingBytes: number;
  readonly warnings: readonly Warning[];
}

const MAX_AUTHORS = 20_000;

/** Counts entries as they go by. */
export interface Tally {
  add(entries: readonly Entry[]): void;
  readonly leading: (bytes: number) => void;
  summary(): Summary;
}

export function tally(survey: Survey, log: WarningLog): Tally {
  const authors = new Set<string>();
  const counts = {
    messages: 0,
    system: 0,
    attachments: 0,
    multiline: 0,
    edited: 0,
    deleted: 0,
    leadingBytes: 0,
  };
  let first: string | undefined;
  let last: string | undefined;
  return {
    add(entries) {
      first ??= entries[0]?.localTime;
      last = entries.at(-1)?.localTime ?? last;
      for (const { kind, meaning, author, multiline } of entries) {
        if (kind === "system") {
          counts.system += 1;
          continue;
        }
        counts.messages += 1;
        if (author !== undefined && authors.size < MAX_AUTHORS) authors.add(author);
        if (meaning.type === "attachment" || meaning.type === "omitted") counts.attachments += 1;
        if (meaning.type === "deleted") counts.deleted += 1;
        if (meaning.edited) counts.edited += 1;
        if (multiline) counts.multiline += 1;
      }
    },
    leading: (bytes) => void (counts.leadingBytes = bytes),
    summary: () => ({
      ...counts,
      authors: [...authors],
      first,
      last,
      order: survey.order,
      ambiguous: survey.ambiguous,
      warnings: log.list(),
    }),
  };
}
