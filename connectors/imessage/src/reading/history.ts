import { readBinaryPlist, type Plist } from "../plist/binary-plist.ts";
import { wordsOfStream } from "./body.ts";
import { instantOfSeconds } from "./times.ts";

/** What a part of a message said, from one time on. */
export interface Version {
  /** As it stands in the database: what tells it from the others of its part. */
  readonly seconds: number;
  readonly at: string | undefined;
  /** undefined where it cannot be read. */
  readonly text: string | undefined;
}

/** What became of a message after it was sent. */
export interface History {
  /** By part, oldest first: the first is what was sent. */
  readonly versions: ReadonlyMap<number, readonly Version[]>;
  /** Parts that were unsent. */
  readonly unsent: readonly number[];
  /** The property list could not be read. */
  readonly isUnreadable: boolean;
}

export const NO_HISTORY: History = { versions: new Map(), unsent: [], isUnreadable: false };
const MAX_PARTS = 1_000;
export const MAX_VERSIONS = 100;
/** Of all parts together. */
const MAX_ALL_VERSIONS = 1_000;
/** One wording may stand for some that say the same, and not for thousands: each is read anew. */
const MAX_TIMES = 16;

/**
 * Reads `message_summary_info`: `ec` has the versions of each part, `rp` the parts that were unsent. Their words are gone
 * from the database.
 */
export function historyOf(summary: Buffer | undefined): History {
  if (!summary) return NO_HISTORY;
  let list: Plist;
  try {
    list = readBinaryPlist(summary);
  } catch {
    return { ...NO_HISTORY, isUnreadable: true };
  }
  const edited = field(list, "ec");
  const told = new Map<number, readonly Plist[]>();
  if (edited instanceof Map) {
    for (const [part, events] of edited as ReadonlyMap<string, Plist>) {
      if (isPart(Number(part)) && Array.isArray(events))
        told.set(Number(part), (events as readonly Plist[]).slice(0, MAX_VERSIONS));
    }
  }
  const all = [...told.values()].flat();
  const bytes = all.reduce<number>((sum, event) => sum + (streamOf(event)?.length ?? 0), 0);
  if (all.length > MAX_ALL_VERSIONS || bytes > MAX_TIMES * summary.length)
    return { ...NO_HISTORY, isUnreadable: true };
  const versions = new Map([...told].map(([part, events]) => [part, events.flatMap(versionOf)]));
  const retracted = field(list, "rp");
  const unsent = Array.isArray(retracted) ? (retracted as readonly Plist[]).filter(isPart) : [];
  return { versions, unsent: [...new Set(unsent)], isUnreadable: false };
}

function versionOf(event: Plist): Version[] {
  const seconds = field(event, "d");
  const stream = streamOf(event);
  if (typeof seconds !== "number") return [];
  return [
    {
      seconds,
      at: instantOfSeconds(seconds),
      text: stream && wordsOfStream(stream),
    },
  ];
}

function streamOf(event: Plist): Buffer | undefined {
  const stream = field(event, "t");
  return Buffer.isBuffer(stream) ? stream : undefined;
}

function field(list: Plist, key: string): Plist | undefined {
  return list instanceof Map ? (list as ReadonlyMap<string, Plist>).get(key) : undefined;
}

export function isPart(value: Plist): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < MAX_PARTS;
}
