import type { KeyLine } from "./key-block.ts";
import { SessionKey } from "./session-key.ts";

const KEY_BYTES = 32;
const NONE: ReadonlyMap<number, SessionKey> = new Map();

/** The keys of a block, as little memory as they take: a key object for each would be ten times that. */
export class BlockKeys {
  /** Of the records that have a key, ascending. */
  readonly #indexes: Float64Array;
  readonly #keys: Buffer;
  readonly #attachments = new Map<number, Map<number, SessionKey>>();

  /** @param lines in order, as `parseKeyLines` gives them */
  constructor(lines: readonly KeyLine[]) {
    const records = lines.filter(({ attachment }) => attachment === undefined);
    this.#indexes = Float64Array.from(records, ({ index }) => index);
    this.#keys = Buffer.allocUnsafeSlow(records.length * KEY_BYTES);
    for (const [slot, { key }] of records.entries()) this.#keys.set(key.bytes, slot * KEY_BYTES);
    for (const { index, attachment, key } of lines) {
      if (attachment === undefined) continue;
      const of = this.#attachments.get(index) ?? new Map<number, SessionKey>();
      this.#attachments.set(index, of.set(attachment, key));
    }
  }

  /** The key of the record at a log index; undefined when there is none, or none any more. */
  record(index: number): SessionKey | undefined {
    // Without gaps it is just there; each key that is gone moves it to the left.
    const guess = Math.max(index - (this.#indexes[0] ?? index), 0);
    const slot = this.#indexes.lastIndexOf(index, guess);
    return slot < 0
      ? undefined
      : new SessionKey(this.#keys.subarray(slot * KEY_BYTES, (slot + 1) * KEY_BYTES));
  }

  /** Keys of its attachments, by their place in the record's list. */
  attachments(index: number): ReadonlyMap<number, SessionKey> {
    return this.#attachments.get(index) ?? NONE;
  }
}
