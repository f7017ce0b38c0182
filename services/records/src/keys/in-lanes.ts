/** Things read or written at a time: some hundred kilobytes each. */
const LANES = 8;

/** Names, as many at a time as are dealt with at a time. */
export async function* inLanes(
  names: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<string[], void, undefined> {
  let lanes: string[] = [];
  for await (const name of names) {
    lanes.push(name);
    if (lanes.length < LANES) continue;
    yield lanes;
    lanes = [];
  }
  if (lanes.length > 0) yield lanes;
}
