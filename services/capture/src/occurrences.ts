/** Counts equal lines of one chat in little memory: about 20 bytes a different line. */
export class Occurrences {
  #keys = new BigInt64Array(1 << 16);
  #counts = new Uint16Array(1 << 16);
  #used = 0;

  /** How often this digest has now been seen. */
  next(digest: Buffer): number {
    if (this.#used * 2 > this.#keys.length) this.#grow();
    const key = digest.readBigInt64BE(0);
    const at = this.#find(key);
    if (this.#counts[at] === 0) {
      this.#keys[at] = key;
      this.#used += 1;
    }
    const count = Math.min((this.#counts[at] ?? 0) + 1, 0xffff);
    this.#counts[at] = count;
    return count;
  }

  #find(key: bigint): number {
    const mask = this.#keys.length - 1;
    let at = Number(BigInt.asUintN(32, key)) & mask;
    while (this.#counts[at] !== 0 && this.#keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const keys = this.#keys;
    const counts = this.#counts;
    this.#keys = new BigInt64Array(keys.length * 2);
    this.#counts = new Uint16Array(keys.length * 2);
    for (const [i, key] of keys.entries()) {
      const count = counts[i] ?? 0;
      if (count === 0) continue;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#counts[at] = count;
    }
  }
}
