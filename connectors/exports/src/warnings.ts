/** What a reader of an import should know. `message` holds numbers and our own words, never text of the file. */
export interface Warning {
  readonly code: WarningCode;
  /** The first line that it is about, from 1. */
  readonly line: number;
  readonly message: string;
  /** How many lines it is about. */
  readonly count: number;
}

const lines = (count: number, one: string, many: string) =>
  count === 1 ? `1 line ${one}` : `${String(count)} lines ${many}`;

const MESSAGES = {
  "leading-text": (n: number) =>
    `${lines(n, "stands", "stand")} before the first message and is part of none; the imported file keeps it`,
  "order-ambiguous": () =>
    "nothing in the file tells day from month; read as day first if that is possible: give --date-order dmy, mdy or ymd if you know it",
  "order-contradicted": (n: number) =>
    `${lines(n, "has a date", "have dates")} that the given --date-order cannot read; kept as text of the message before`,
  "order-ignored": () => "the year stands first, so the date is read as ymd whatever --date-order says",
  "date-impossible": (n: number) =>
    `${lines(n, "looks like a message but has a date", "look like messages but have dates")} that no calendar has; kept as text of the message before`,
  "foreign-header": (n: number) =>
    `${lines(n, "looks like a message", "look like messages")} of another phone's export; kept as text, as whoever sent it wrote it`,
  "calendar-converted": () => "years are counted in another calendar; dates are given in the Gregorian one",
  "half-day-guessed": () =>
    "the words for the halves of the day are unknown; which is which was told from the order of messages",
  "half-day-unknown": () => "a word beside the time is unknown; hours are as written and may be 12 too small",
  "not-utf8": (n: number) =>
    `${lines(n, "holds", "hold")} bytes that are not UTF-8; raw keeps them, text shows replacements`,
  nul: () => "the file holds NUL characters",
  "characters-lost": (n: number) =>
    `${lines(n, "holds", "hold")} replacement characters: something before Daybook lost what stood there`,
  "record-cut": (n: number) =>
    `${lines(n, "begins a record", "begin records")} too long to keep whole; its beginning is kept, the imported file has the rest`,
  "text-cut": (n: number) =>
    `${lines(n, "begins a record", "begin records")} whose text is longer than a record may hold; raw has more of it`,
  "app-text-unknown": (n: number) =>
    `${lines(n, "was", "were")} written by the app in words that Daybook does not know; an export in another language may repeat them`,
  "earlier-than-previous": (n: number) =>
    `${lines(n, "is", "are")} earlier than the record before: delivered late, or put there afterwards`,
  "author-once": (n: number) =>
    `${lines(n, "is by an author", "are by authors")} who writes nowhere else in the file`,
  "attachment-missing": (n: number) =>
    `${lines(n, "names", "name")} an attachment that the export does not hold`,
  "link-refused": (n: number) => `the ZIP holds ${String(n)} symbolic links; they are not followed`,
  "time-ambiguous": (n: number) =>
    `${lines(n, "has a time", "have times")} that the stated zone has twice, as clocks went back; read as the first`,
  "time-nonexistent": (n: number) =>
    `${lines(n, "has a time", "have times")} that the stated zone does not have, as clocks went forward; read by the offset before`,
} satisfies Record<string, (count: number) => string>;

export type WarningCode = keyof typeof MESSAGES;

/** Gathers warnings, one for each code however many lines it is about. */
export interface WarningLog {
  note(code: WarningCode, line: number, count?: number): void;
  list(): Warning[];
}

/** A log that begins with what another has gathered. */
export function warningLog(earlier: readonly Warning[] = []): WarningLog {
  const found = new Map(earlier.map(({ code, line, count }) => [code, { line, count }]));
  return {
    note(code, line, count = 1) {
      const known = found.get(code);
      if (known === undefined) found.set(code, { line, count });
      else known.count += count;
    },
    list: () =>
      [...found].map(([code, { line, count }]) => ({ code, line, count, message: MESSAGES[code](count) })),
  };
}
