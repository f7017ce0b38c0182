/** Values that were read or written last, decrypted; so many, and so many bytes, of one account. */
const MAX_VALUES = 256;
const MAX_BYTES = 512 * 1024;

type Value = Uint8Array<ArrayBuffer> | undefined;

/** What a file holds, as far as it was asked for lately: undefined where it is known to hold nothing. */
export class ValueCache {
  readonly #values = new Map<string, Value>();
  #bytes = 0;

  /** @returns nothing where it is not known */
  get(key: string): { readonly value: Value } | undefined {
    if (!this.#values.has(key)) return undefined;
    const value = this.#values.get(key);
    // The last used is the last to go.
    this.#values.delete(key);
    this.#values.set(key, value);
    return { value };
  }

  set(key: string, value: Value): void {
    this.#remove(key);
    this.#values.set(key, value);
    this.#bytes += value?.length ?? 0;
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= MAX_VALUES && this.#bytes <= MAX_BYTES) break;
      this.#remove(oldest);
    }
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    this.#bytes -= this.#values.get(key)?.length ?? 0;
    this.#values.delete(key);
  }
}
