/**
 * Begins `work` on items before its results are asked for, which come in the order of the items.
 *
 * @param n results that are begun or waiting, at most
 */
export async function* ahead<Item, Result>(
  items: AsyncIterable<Item>,
  n: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const source = items[Symbol.asyncIterator]();
  const begun: Promise<Result>[] = [];
  let hasMore = true;
  const fill = async () => {
    while (hasMore && begun.length < n) {
      const next = await source.next();
      if (next.done === true) hasMore = false;
      else {
        const result = work(next.value);
        // It is awaited in its turn, unless another fails before.
        result.catch(() => undefined);
        begun.push(result);
      }
    }
  };
  let filling = fill();
  filling.catch(() => undefined);
  try {
    for (;;) {
      if (begun.length === 0) await filling;
      const first = begun.shift();
      if (!first) return;
      const result = await first;
      filling = filling.then(fill);
      filling.catch(() => undefined);
      yield result;
    }
  } finally {
    hasMore = false;
    await filling.catch(() => undefined);
    await source.return?.();
  }
}
