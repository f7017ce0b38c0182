/**
 * What comes, in stretches of `most`: for what has to be in memory together to be judged. The last has fewer, and may
 * have none.
 */
export async function* stretches<T>(
  items: AsyncIterable<T>,
  most: number,
): AsyncGenerator<readonly T[], void, undefined> {
  let stretch: T[] = [];
  for await (const item of items) {
    stretch.push(item);
    if (stretch.length < most) continue;
    yield stretch;
    stretch = [];
  }
  yield stretch;
}

/** Names in byte order, of which one after the other is looked for: none of them is kept. */
export class Roll {
  readonly #names: AsyncIterator<string>;
  #next: IteratorResult<string, unknown> | undefined;

  constructor(names: AsyncIterable<string>) {
    this.#names = names[Symbol.asyncIterator]();
  }

  /** @param name after all that were asked for before */
  async has(name: string): Promise<boolean> {
    this.#next ??= await this.#names.next();
    while (this.#next.done !== true && this.#next.value < name) this.#next = await this.#names.next();
    return this.#next.done !== true && this.#next.value === name;
  }
}
