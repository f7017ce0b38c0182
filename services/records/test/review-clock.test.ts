import fc from "fast-check";
import { Calendar, SHIPPED, withDay, withoutDay } from "../src/clocks/calendar.ts";
import { addDays, londonDay } from "../src/clocks/day.ts";
import { reckon } from "../src/clocks/reckon.ts";
import { currentRegimes, type RegimeId, regimeOf } from "../src/clocks/regimes.ts";
import { reckonReview, reviewAskTime } from "../src/clocks/review.ts";

const { holidays } = SHIPPED;
const UK = new Calendar(holidays, "united-kingdom");
const SCOTLAND = new Calendar(holidays, "scotland");
const countedBy = (id: RegimeId) => (regimeOf(id).calendar === "scotland" ? SCOTLAND : UK);
const dayOf = (instant: string | null) => instant && londonDay(new Date(instant));
const keeper = regimeOf("foisa-2002", undefined, "keeper-unopened");

// Every date here was worked out independently in Python, from the days of gov.uk's file alone.
describe("the Keeper's 30 working days for records that are not open", () => {
  it.each([
    ["2026-03-02", "2026-04-14"],
    ["2026-03-16", "2026-04-28"],
    ["2026-05-29", "2026-07-13"],
    ["2026-06-01", "2026-07-14"],
    ["2026-11-16", "2026-12-31"],
    ["2026-12-25", "2027-02-10"],
    ["2027-12-20", "2028-02-04"],
  ])("of what was received on %s end on %s", (received, expected) => {
    const reckoned = reckon({ regime: keeper, received, steps: [] }, SCOTLAND);
    expect(dayOf(reckoned.due)).toBe(expected);
    expect(reckoned.promptBy).toBe(reckoned.days.find(({ counts }) => counts === 10)?.day);
  });

  it("are a rule in data, and the rule that matters began by before it stays what it was", () => {
    expect(keeper).toMatchObject({ length: 30, review: { answerIn: 30 }, variant: "keeper-unopened" });
    expect(keeper.source).toContain("s.10(2)");
    expect(regimeOf("foisa-2002", 1).variants).toBeUndefined();
    expect(() => regimeOf("foisa-2002", 1, "keeper-unopened")).toThrow(/no variant/);
    expect(() => regimeOf("foia-2000", undefined, "keeper-unopened")).toThrow(/no variant/);
  });
});

describe("a review", () => {
  // Asked, then by FOIA, its limit in practice, FOISA, the Keeper, EIR and EIR(S).
  it.each([
    ["2026-03-02", "2026-03-31", "2026-04-30", "2026-03-30", "2026-04-14", "2026-04-30", "2026-03-30"],
    ["2026-03-16", "2026-04-16", "2026-05-15", "2026-04-14", "2026-04-28", "2026-05-15", "2026-04-14"],
    ["2026-05-29", "2026-06-29", "2026-07-28", "2026-06-29", "2026-07-13", "2026-07-28", "2026-06-29"],
    ["2026-07-01", "2026-07-30", "2026-08-28", "2026-07-29", "2026-08-13", "2026-08-28", "2026-07-29"],
    ["2026-11-16", "2026-12-15", "2027-01-18", "2026-12-15", "2026-12-31", "2027-01-18", "2026-12-15"],
    ["2026-12-20", "2027-01-21", "2027-02-18", "2027-01-21", "2027-02-04", "2027-02-18", "2027-01-21"],
    ["2027-12-20", "2028-01-21", "2028-02-18", "2028-01-21", "2028-02-04", "2028-02-18", "2028-01-21"],
  ])("that was asked for on %s is answered in time", (asked, foia, most, foisa, ofKeeper, eir, eirs) => {
    const by = (id: RegimeId) => reckonReview(regimeOf(id), asked, countedBy(id));
    expect([dayOf(by("foia-2000").due), dayOf(by("foia-2000").atMost)]).toEqual([foia, most]);
    expect([dayOf(by("foisa-2002").due), by("foisa-2002").atMost]).toEqual([foisa, null]);
    expect(dayOf(reckonReview(keeper, asked, SCOTLAND).due)).toBe(ofKeeper);
    expect(dayOf(by("eir-2004").due)).toBe(eir);
    expect(dayOf(by("eirs-2004").due)).toBe(eirs);
  });

  it("is law by FOISA, EIR and EIR(S), and good practice by FOIA; others know none", () => {
    const statutory = Object.fromEntries(
      currentRegimes().map(({ id, review }) => [id, review && review.statutory]),
    );
    expect(statutory).toEqual({
      "foia-2000": false,
      "foisa-2002": true,
      "eir-2004": true,
      "eirs-2004": true,
      "uk-gdpr-access": undefined,
      inquiry: undefined,
      audit: undefined,
    });
    for (const { review } of currentRegimes()) expect(review?.askWithin ?? 40).toBe(40);
  });

  const due = "2026-03-30T22:59:59.999Z";
  it.each([
    ["foisa-2002", "answered early: from when it was due", due, "2026-03-09", "2026-03-30", "2026-05-28"],
    ["foisa-2002", "answered late: from the answer", due, "2026-04-10", "2026-04-10", "2026-06-09"],
    ["foisa-2002", "not answered: from when it was due", due, null, "2026-03-30", "2026-05-28"],
    ["foia-2000", "answered early: from the answer", due, "2026-03-09", "2026-03-09", "2026-05-08"],
    ["foia-2000", "not answered: from when it was due", due, null, "2026-03-30", "2026-05-29"],
  ] as const)("is asked for by %s, %s", (id, _what, dueAt, answeredOn, from, until) => {
    const found = reviewAskTime(regimeOf(id), { due: dueAt, answeredOn }, countedBy(id));
    expect(found).toEqual({ from, until });
  });

  it("cannot be asked for where nothing is due, or the rule knows none", () => {
    const nothing = { due: null, answeredOn: null };
    expect(reviewAskTime(regimeOf("foia-2000"), nothing, UK)).toBeUndefined();
    expect(reviewAskTime(regimeOf("uk-gdpr-access"), { due, answeredOn: null }, UK)).toBeUndefined();
    expect(() => reckonReview(regimeOf("audit"), "2026-03-02", UK)).toThrow(/no review/);
  });

  it("is explained day by day, never due on a day off, and never earlier by another one", () => {
    const bare = withoutDay(holidays, ["scotland"], "2026-06-15");
    fc.assert(
      fc.property(
        fc.constantFrom(
          "foia-2000" as const,
          "foisa-2002" as const,
          "eir-2004" as const,
          "eirs-2004" as const,
        ),
        fc.integer({ min: 0, max: 1_500 }),
        fc.integer({ min: 1, max: 60 }),
        (id, after, ahead) => {
          const asked = addDays("2023-01-01", after);
          const calendar = countedBy(id);
          const { due: target, days, atMost } = reckonReview(regimeOf(id), asked, calendar);
          expect(calendar.free(dayOf(target)!)).toBeUndefined();
          expect(days.map(({ day }) => day)).toEqual(days.map((_, i) => addDays(asked, i)));
          expect(days.at(-1)).toMatchObject({ counts: regimeOf(id).review?.answerIn, day: dayOf(target) });
          expect(atMost === null || atMost > target).toBe(true);
          const extra = { title: "Extra", date: addDays(asked, ahead), notes: "", bunting: false };
          let more: typeof holidays;
          try {
            more = withDay(bare, ["scotland"], extra);
          } catch {
            return;
          }
          const counting = calendar === SCOTLAND ? "scotland" : "united-kingdom";
          const before = reckonReview(regimeOf(id), asked, new Calendar(bare, counting)).due;
          expect(reckonReview(regimeOf(id), asked, new Calendar(more, counting)).due >= before).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});
