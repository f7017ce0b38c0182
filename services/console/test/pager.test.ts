import { MAX_BACK, pagerOf, placeQuery } from "../src/searching/pager.ts";
import { z } from "zod";

const PATH = "/matters/m/searches/s";
const query = z.object(placeQuery);

/** The place that a link of a pager leads to. */
function placeAt(link: string | undefined) {
  const url = new URL(link ?? "", "http://console");
  expect(url.pathname).toBe(PATH);
  return query.parse(Object.fromEntries(url.searchParams));
}

describe("the pages of a list", () => {
  /** Goes on so many pages from the first; the cursor of a page is its number. */
  function pagesOn(count: number) {
    let place = query.parse({});
    for (let at = 1; at <= count; at += 1) place = placeAt(pagerOf(PATH, place, `c${at}`).next);
    return place;
  }

  it("lead back one by one to the first, which each but the second names besides", () => {
    expect(pagerOf(PATH, pagesOn(0), "c1")).toMatchObject({ first: undefined, previous: undefined });
    expect(pagerOf(PATH, pagesOn(1), null)).toEqual({
      first: undefined,
      mostBack: undefined,
      previous: PATH,
      next: undefined,
    });
    const third = pagerOf(PATH, pagesOn(2), null);
    expect(third).toMatchObject({ first: PATH, mostBack: undefined });
    expect(placeAt(third.previous)).toEqual(pagesOn(1));
  });

  it("say how far back they lead where they do not lead all the way, and name the first", () => {
    let place = pagesOn(MAX_BACK);
    expect(pagerOf(PATH, place, null)).toMatchObject({ first: PATH, mostBack: undefined });
    place = pagesOn(MAX_BACK + 5);
    for (let at = 0; at < MAX_BACK; at += 1) {
      const pager = pagerOf(PATH, place, null);
      expect(pager).toMatchObject({ first: PATH, mostBack: MAX_BACK });
      place = placeAt(pager.previous);
    }
    expect(place.cursor).toBe("c5");
    expect(pagerOf(PATH, place, null)).toMatchObject({
      first: PATH,
      mostBack: undefined,
      previous: undefined,
    });
  });

  it("begin in the middle where somebody came back from a record", () => {
    const pager = pagerOf(PATH, query.parse({ cursor: "c9" }), "c10");
    expect(pager).toMatchObject({ first: PATH, previous: undefined });
  });
});
