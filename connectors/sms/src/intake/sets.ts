import { z } from "zod";
import type { DefaultAlphabet } from "../reading/alphabet.ts";
import type { Heard, Whole } from "../reading/events.ts";
import type { Place } from "../reading/header.ts";
import { type Part, readPart } from "../reading/part.ts";
import type { SmsState, StateChange } from "../state.ts";

/** Messages that are not whole, in all and from one sender to one number; then the oldest is recorded as it stands. */
const MAX_SETS = 10_000;
const MAX_OF_ONE = 100;
/** Of their parts, as they are held. */
const MAX_BYTES = 64 * 1024 * 1024;
/** What is known of a part beside its PDU. */
const PART_BYTES = 1_024;
/** A part of a longer PDU is a message by itself: 255 of them are what one record holds. */
export const MAX_PART_BYTES = 4_096;

const stored = z.object({
  /** Of the set: its first part's token. */
  set: z.string(),
  key: z.string(),
  of: z.string(),
  total: z.int(),
  setAt: z.int(),
  number: z.int(),
  digest: z.string(),
  token: z.string(),
  at: z.int(),
  /** Base64. */
  raw: z.string(),
});

/** A message of which parts have come. */
export interface PartSet extends Whole {
  readonly key: string;
  /** From whom, to whom. */
  readonly of: string;
  readonly parts: Map<number, Heard & { readonly part: Part }>;
}

/** What a part did. */
export interface Added {
  readonly set: PartSet;
  /** To be written before the part is answered. */
  readonly changes: readonly StateChange[];
  /** Others that are not waited for any longer, so that there is room. */
  readonly evicted: readonly PartSet[];
}

/** Parts of messages, until they are whole or their time is over. They are in the state file. */
export class PartSets {
  /** Oldest first. */
  readonly #all = new Set<PartSet>();
  readonly #byKey = new Map<string, PartSet[]>();
  readonly #countOf = new Map<string, number>();
  #bytes = 0;

  constructor(state: SmsState, byDefault: DefaultAlphabet) {
    const sets = new Map<string, PartSet>();
    for (const value of state.all("part")) {
      const { data } = stored.safeParse(value);
      if (!data) continue;
      const { key, of, total, set: token, setAt: at } = data;
      const set = sets.get(token) ?? { key, of, total, token, at, parts: new Map() };
      sets.set(token, set);
      const raw = Buffer.from(data.raw, "base64");
      set.parts.set(data.number, { ...data, raw, part: readPart(raw, byDefault) });
    }
    for (const set of [...sets.values()].sort((a, b) => a.at - b.at)) this.#keep(set);
  }

  /** The message that has this part already. */
  known({ digest }: Heard, place: Place, of: string): PartSet | undefined {
    return this.#byKey.get(keyOf(place, of))?.find(({ parts }) => parts.get(place.number)?.digest === digest);
  }

  /**
   * Puts a part where it belongs. References are used again: a part that a set has with other bytes is the next message's.
   *
   * @param of from whom, to whom
   */
  add(heard: Heard, part: Part, place: Place, of: string): Added {
    const key = keyOf(place, of);
    const known = this.known(heard, place, of);
    if (known) return { set: known, changes: [], evicted: [] };
    const evicted: PartSet[] = [];
    let set = this.#byKey.get(key)?.findLast(({ parts }) => !parts.has(place.number));
    if (!set) {
      evicted.push(...this.#roomFor(of));
      set = { key, of, total: place.total, token: heard.token, at: heard.at, parts: new Map() };
      this.#keep(set);
    }
    while (this.#bytes + sizeOf(heard) > MAX_BYTES) {
      const oldest = this.#all.values().find((one) => one !== set);
      if (!oldest) break;
      this.#drop(oldest);
      evicted.push(oldest);
    }
    set.parts.set(place.number, { ...heard, part });
    this.#bytes += sizeOf(heard);
    const { digest, token, at, raw } = heard;
    const value: z.infer<typeof stored> = {
      ...{ set: set.token, key, of, total: set.total, setAt: set.at, number: place.number },
      ...{ digest, token, at, raw: raw.toString("base64") },
    };
    return { set, changes: [{ kind: "part", name: nameOf(set, place.number), value }], evicted };
  }

  /** Those that are whole, after a start; and those whose first part came before then, milliseconds since 1970. */
  due(before: number): PartSet[] {
    return [...this.#all].filter((set) => isWhole(set) || set.at <= before);
  }

  /** It is recorded, and no part belongs to it any more. @returns what is to be written */
  remove(set: PartSet): StateChange[] {
    this.#drop(set);
    return [...set.parts.keys()].map((number) => ({
      kind: "part",
      name: nameOf(set, number),
      value: undefined,
    }));
  }

  /** What was put in was not written, and so was not taken. */
  undo({ set, changes }: Added, number: number): void {
    if (changes.length === 0) return;
    const part = set.parts.get(number);
    if (part && this.#all.has(set)) this.#bytes -= sizeOf(part);
    set.parts.delete(number);
    if (set.parts.size === 0) this.#drop(set);
  }

  #roomFor(of: string): PartSet[] {
    const isFullOf = (this.#countOf.get(of) ?? 0) >= MAX_OF_ONE;
    if (!isFullOf && this.#all.size < MAX_SETS) return [];
    for (const oldest of this.#all) {
      if (isFullOf && oldest.of !== of) continue;
      this.#drop(oldest);
      return [oldest];
    }
    return [];
  }

  #keep(set: PartSet): void {
    this.#all.add(set);
    this.#byKey.set(set.key, [...(this.#byKey.get(set.key) ?? []), set]);
    this.#countOf.set(set.of, (this.#countOf.get(set.of) ?? 0) + 1);
    for (const part of set.parts.values()) this.#bytes += sizeOf(part);
  }

  #drop(set: PartSet): void {
    if (!this.#all.delete(set)) return;
    for (const part of set.parts.values()) this.#bytes -= sizeOf(part);
    const left = (this.#byKey.get(set.key) ?? []).filter((one) => one !== set);
    if (left.length > 0) this.#byKey.set(set.key, left);
    else this.#byKey.delete(set.key);
    const count = (this.#countOf.get(set.of) ?? 1) - 1;
    if (count > 0) this.#countOf.set(set.of, count);
    else this.#countOf.delete(set.of);
  }
}

function sizeOf({ raw }: Pick<Heard, "raw">): number {
  return raw.length + PART_BYTES;
}

export function isWhole({ parts, total }: PartSet): boolean {
  return parts.size === total;
}

function keyOf({ width, reference, total }: Place, of: string): string {
  return JSON.stringify([of, width, reference, total]);
}

function nameOf({ token }: PartSet, number: number): string {
  return `${token}:${number}`;
}
