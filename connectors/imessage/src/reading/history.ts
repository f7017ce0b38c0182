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
  const versions = new Map<number, readonly Version[]>();
  if (edited instanceof Map) {
    for (const [part, events] of edited as ReadonlyMap<string, Plist>) {
      if (isPart(Number(part)) && Array.isArray(events))
        versions.set(Number(part), (events as readonly Plist[]).slice(0, MAX_VERSIONS).flatMap(versionOf));
    }
  }
  const retracted = field(list, "rp");
  const unsent = Array.isArray(retracted) ? (retracted as readonly Plist[]).filter(isPart) : [];
  return { versions, unsent: [...new Set(unsent)], isUnreadable: false };
}

function versionOf(event: Plist): Version[] {
  const seconds = field(event, "d");
  const stream = field(event, "t");
  if (typeof seconds !== "number") return [];
  return [
    {
      seconds,
      at: instantOfSeconds(seconds),
      text: Buffer.isBuffer(stream) ? wordsOfStream(stream) : undefined,
    },
  ];
}

function field(list: Plist, key: string): Plist | undefined {
  return list instanceof Map ? (list as ReadonlyMap<string, Plist>).get(key) : undefined;
}

export function isPart(value: Plist): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < MAX_PARTS;
}
