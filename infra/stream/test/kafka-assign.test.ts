import { type Place, placeKey, placesOf } from "../src/group.ts";
import { assign, type Member } from "../src/kafka/group-assign.ts";

const PLACES = placesOf({ "daybook.events": 12, "daybook.audit": 1 });

const member = (id: string, holds: readonly Place[] = [], name = `name of ${id}`): Member => ({
  id,
  name,
  holds,
});
const keys = (places: readonly Place[]) => places.map(placeKey);

/** One generation after another, as members come and go. */
function next(shares: ReadonlyMap<string, Place[]>, ids: readonly string[]): Map<string, Place[]> {
  return assign(
    PLACES,
    ids.map((id) => member(id, shares.get(id))),
  );
}

function moved(before: ReadonlyMap<string, Place[]>, after: ReadonlyMap<string, Place[]>): number {
  const owner = new Map<string, string>();
  for (const [id, places] of before) for (const place of places) owner.set(placeKey(place), id);
  return [...after].flatMap(([id, places]) => places.filter((one) => owner.get(placeKey(one)) !== id)).length;
}

function expectShared(shares: ReadonlyMap<string, Place[]>): void {
  expect(keys([...shares.values()].flat()).sort()).toEqual(keys(PLACES).sort());
  const sizes = [...shares.values()].map(({ length }) => length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
}

describe("sharing out", () => {
  it("gives every partition once, evenly over both topics, to any number of members", () => {
    for (let count = 1; count <= 15; count += 1) {
      expectShared(
        assign(
          PLACES,
          Array.from({ length: count }, (_, i) => member(`m${i}`)),
        ),
      );
    }
  });

  it("moves as few as it takes when members come and go", () => {
    let shares = next(new Map(), ["a"]);
    const turns: [ids: string[], moves: number][] = [
      [["a", "b"], 6],
      [["a", "b", "c"], 4],
      [["a", "b", "c"], 0],
      [["b", "c"], 5],
      [["b", "c", "d", "e"], 6],
      [["e"], 10],
    ];
    for (const [ids, moves] of turns) {
      const after = next(shares, ids);
      expectShared(after);
      expect(moved(shares, after)).toBeLessThanOrEqual(moves);
      shares = after;
    }
  });

  it("does not depend on the order in which members are named", () => {
    const members = ["a", "b", "c"].map((id, i) => member(id, PLACES.slice(i, i + 2)));
    const one = assign(PLACES, members);
    const other = assign([...PLACES].reverse(), [...members].reverse());

    for (const { id } of members) expect(keys(other.get(id)!).sort()).toEqual(keys(one.get(id)!).sort());
  });

  it("gives a partition that two say they have to one of them", () => {
    const members = [member("a", PLACES), member("b", PLACES), member("c", PLACES, "name of b")];

    expectShared(assign(PLACES, members));
  });

  it("heeds no claim to what it does not share", () => {
    const shares = assign(PLACES, [member("a", [{ topic: "other", partition: 7 }]), member("b")]);

    expectShared(shares);
  });

  it("gives a process that comes back under its name what it had, if nobody has it", () => {
    const before = assign(PLACES, [member("a"), member("b")]);
    const after = assign(PLACES, [member("a2", [], "name of a"), member("b", before.get("b"))]);

    // But for one where the number is odd: who stayed may have the larger half.
    const lost = keys(before.get("a")!).filter((key) => !keys(after.get("a2")!).includes(key));
    expect(lost.length).toBeLessThanOrEqual(1);
  });
});
