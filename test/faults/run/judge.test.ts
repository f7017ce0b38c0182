import { miscounted } from "./judge.ts";

const network = { offered: 5, isAcknowledged: (n: number) => n < 3 };
const found = (copies: readonly (readonly [number, number])[]) => ({ copies: new Map(copies) });

it("asks that what was acknowledged is one record, and that nothing else is more than one", () => {
  const whole = [
    [0, 1],
    [1, 1],
    [2, 1],
  ] as const;
  expect(miscounted(network, found(whole))).toEqual([]);
  // Its acknowledgement may be on the way.
  expect(miscounted(network, found([...whole, [3, 1]]))).toEqual([]);
  expect(miscounted(network, found(whole.slice(1)))).toEqual(["1 acknowledged events are no record: 0"]);
  expect(miscounted(network, found([...whole.slice(0, 2), [2, 2], [4, 3]]))).toEqual([
    "2 events are more than one record: 2, 4",
  ]);
  expect(miscounted(network, found([...whole, [5, 1]]))).toEqual([
    "1 records are of events that nobody sent: 5",
  ]);
});
