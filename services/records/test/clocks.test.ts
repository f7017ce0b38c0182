import fc from "fast-check";
import {
  type BankHolidays,
  Calendar,
  type Counting,
  DIVISIONS,
  SHIPPED,
  succeed,
  withDay,
  withoutDay,
} from "../src/clocks/calendar.ts";
import { addDays, addMonths, endOfDay, londonDay, startOfDay } from "../src/clocks/day.ts";
import { type ClockFacts, reckon, type Step } from "../src/clocks/reckon.ts";
import { currentRegimes, type RegimeId, regimeOf } from "../src/clocks/regimes.ts";

const { holidays: SHIPPED_DAYS } = SHIPPED;
const WITHOUT_WORLD_CUP = withoutDay(SHIPPED_DAYS, ["scotland"], "2026-06-15");

function calendarOf(regime: RegimeId, holidays: BankHolidays, nation: Counting = "england-and-wales") {
  const { calendar } = regimeOf(regime);
  return calendar && new Calendar(holidays, calendar === "nation" ? nation : calendar);
}

function due(
  regime: RegimeId,
  received: string,
  steps: readonly Step[] = [],
  holidays = SHIPPED_DAYS,
): string | null {
  const found = reckon({ regime: regimeOf(regime), received, steps }, calendarOf(regime, holidays));
  return found.due && londonDay(new Date(found.due));
}

const extendedOn = (on: string): Step => ({ what: "extended", on });

describe("a deadline", () => {
  // Received, FOIA, FOISA, EIR extended: worked out independently in Python (governance.md 6.2).
  it.each([
    ["2026-03-02", "2026-03-31", "2026-03-30", "2026-04-30"],
    ["2026-03-16", "2026-04-16", "2026-04-14", "2026-05-15"],
    ["2026-05-29", "2026-06-29", "2026-06-29", "2026-07-28"],
    ["2026-06-01", "2026-06-30", "2026-06-30", "2026-07-29"],
    ["2026-07-01", "2026-07-30", "2026-07-29", "2026-08-28"],
    ["2026-11-16", "2026-12-15", "2026-12-15", "2027-01-18"],
    ["2026-12-25", "2027-01-27", "2027-01-27", "2027-02-24"],
    ["2027-12-20", "2028-01-21", "2028-01-21", "2028-02-18"],
  ])(
    "of what was received on %s is by FOIA %s, by FOISA %s, by EIR extended %s",
    (received, foia, foisa, eir) => {
      expect(due("foia-2000", received)).toBe(foia);
      expect(due("foisa-2002", received)).toBe(foisa);
      expect(due("eir-2004", received)).toBe(foia);
      expect(due("eirs-2004", received)).toBe(foisa);
      expect(due("eir-2004", received, [extendedOn(received)])).toBe(eir);
    },
  );

  it.each([
    ["2026-05-29", "2026-06-26"],
    ["2026-06-01", "2026-06-29"],
  ])(
    "of what was received on %s is a day earlier, %s, without the day that was proclaimed",
    (received, without) => {
      expect(due("foia-2000", received, [], WITHOUT_WORLD_CUP)).toBe(without);
      expect(due("foisa-2002", received, [], WITHOUT_WORLD_CUP)).toBe(without);
    },
  );

  it.each([
    ["2026-03-02", "2026-03-30"],
    ["2026-03-16", "2026-04-15"],
    ["2026-05-29", "2026-06-26"],
    ["2026-07-01", "2026-07-29"],
    ["2026-11-16", "2026-12-14"],
    ["2026-12-25", "2027-01-26"],
    ["2027-12-20", "2028-01-20"],
  ])("of what was received on %s would by England and Wales alone be too early: %s", (received, wrong) => {
    const only = new Calendar(SHIPPED_DAYS, "england-and-wales");
    const { due: found } = reckon({ regime: regimeOf("foia-2000"), received, steps: [] }, only);
    expect(londonDay(new Date(found!))).toBe(wrong);
  });

  it.each([
    ["2026-01-30", "2026-03-02"],
    ["2026-01-31", "2026-03-02"],
    ["2026-08-31", "2026-09-30"],
    ["2026-09-03", "2026-10-05"],
    ["2026-11-25", "2026-12-29"],
    ["2028-01-31", "2028-02-29"],
  ])("of a subject access request of %s is %s", (received, expected) => {
    expect(due("uk-gdpr-access", received)).toBe(expected);
  });

  it("of a subject access request that is extended is two months later", () => {
    expect(due("uk-gdpr-access", "2027-11-30", [extendedOn("2027-12-01")])).toBe("2028-02-29");
  });

  it("restarts by FOIA with the clarification, and waits for it until it comes", () => {
    const asked: Step = { what: "clarification-asked", on: "2026-11-20" };
    const waiting = reckon(
      { regime: regimeOf("foia-2000"), received: "2026-11-02", steps: [asked] },
      calendarOf("foia-2000", SHIPPED_DAYS),
    );
    expect(waiting).toMatchObject({ due: null, waitsFor: "clarification" });
    const answered: Step = { what: "clarification-answered", on: "2026-12-25" };
    expect(due("foia-2000", "2026-11-02", [asked, answered])).toBe("2027-01-27");
  });

  it("stands by UK GDPR while a clarification is waited for", () => {
    const steps: Step[] = [
      { what: "clarification-asked", on: "2026-08-05" },
      { what: "clarification-answered", on: "2026-08-15" },
    ];
    // 3 September and ten days: 13 September is a Sunday.
    expect(due("uk-gdpr-access", "2026-08-03", steps)).toBe("2026-09-14");
  });

  it("leaves out the days from a fees notice to its payment, both included", () => {
    const fee: Step = { what: "fee-asked", on: "2026-03-09" };
    expect(due("foia-2000", "2026-03-02", [fee])).toBeNull();
    // Monday to Friday: five working days do not count.
    expect(due("foia-2000", "2026-03-02", [fee, { what: "fee-paid", on: "2026-03-13" }])).toBe("2026-04-09");
  });

  it("is 48 hours from the minute for an audit, and the date of the letter for an inquiry", () => {
    const audit = regimeOf("audit");
    const received = "2026-03-28T23:30:00.000Z";
    // The clocks go forward in between: hours are hours.
    expect(reckon({ regime: audit, received, steps: [] }, undefined).due).toBe("2026-03-30T23:30:00.000Z");
    const set = endOfDay("2026-06-05").toISOString();
    const inquiry: ClockFacts = { regime: regimeOf("inquiry"), received: "2026-05-01", set, steps: [] };
    expect(reckon(inquiry, undefined).due).toBe("2026-06-05T22:59:59.999Z");
    const agreed: Step = { what: "extended", on: "2026-05-20", to: "2026-07-01" };
    expect(reckon({ ...inquiry, steps: [agreed] }, undefined).due).toBe("2026-07-01T22:59:59.999Z");
  });

  it("is provisional where it needs a year that nobody knows yet", () => {
    const reckoned = (received: string) =>
      reckon({ regime: regimeOf("foia-2000"), received, steps: [] }, calendarOf("foia-2000", SHIPPED_DAYS));
    expect(reckoned("2028-12-01").provisional).toBe(true);
    expect(reckoned("2028-11-01").provisional).toBe(false);
  });

  it("is explained day by day", () => {
    const { days, promptBy, noticeBy } = reckon(
      { regime: regimeOf("eir-2004"), received: "2026-12-20", steps: [] },
      calendarOf("eir-2004", SHIPPED_DAYS),
    );
    expect(days[0]).toEqual({ day: "2026-12-20", counts: null, why: "receipt" });
    expect(days.map(({ day }) => day)).toEqual(days.map((_, i) => addDays("2026-12-20", i)));
    expect(days.find(({ day }) => day === "2027-01-04")).toMatchObject({
      why: "bank-holiday",
      in: ["scotland"],
    });
    expect(days.flatMap(({ counts }) => counts ?? [])).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(promptBy).toBe(days.find(({ counts }) => counts === 10)?.day);
    expect(noticeBy).toBe(days.at(-1)?.day);
  });
});

describe("every regime", () => {
  const anyDay = fc.integer({ min: 0, max: 3_200 }).map((n) => addDays("2019-01-01", n));
  const computed = currentRegimes().filter(({ calendar }) => calendar !== undefined);
  const anyDivision = fc.constantFrom(...DIVISIONS);

  it.each(computed.map(({ id }) => id))(
    "%s never gets earlier by another day on which nobody works",
    (id) => {
      fc.assert(
        fc.property(
          anyDay,
          fc.integer({ min: 0, max: 70 }),
          anyDivision,
          fc.boolean(),
          (received, ahead, where, longer) => {
            const added = addDays(received, ahead);
            const steps = longer && regimeOf(id).extension ? [extendedOn(received)] : [];
            let more: BankHolidays;
            try {
              more = withDay(SHIPPED_DAYS, [where], {
                title: "Extra",
                date: added,
                notes: "",
                bunting: false,
              });
            } catch {
              return;
            }
            expect(due(id, received, steps, more)! >= due(id, received, steps)!).toBe(true);
          },
        ),
      );
    },
  );

  it.each(computed.map(({ id }) => id))(
    "%s never is due on a day on which nobody works, nor sooner for what came later",
    (id) => {
      fc.assert(
        fc.property(anyDay, (received) => {
          const first = due(id, received)!;
          expect(calendarOf(id, SHIPPED_DAYS)?.free(first)).toBeUndefined();
          expect(due(id, addDays(received, 1))! >= first).toBe(true);
          expect(first > received).toBe(true);
        }),
      );
    },
  );

  it.each(computed.map(({ id }) => id))("%s is never shortened by a stop, however long", (id) => {
    fc.assert(
      fc.property(
        anyDay,
        fc.integer({ min: 0, max: 15 }),
        fc.integer({ min: 0, max: 60 }),
        (received, after, long) => {
          const on = addDays(received, after);
          for (const [asked, ended] of [
            ["clarification-asked", "clarification-answered"],
            ["fee-asked", "fee-paid"],
          ] as const) {
            const steps = [
              { what: asked, on },
              { what: ended, on: addDays(on, long) },
            ];
            expect(due(id, received, steps)! >= due(id, received)!).toBe(true);
          }
        },
      ),
    );
  });
});

describe("bank holidays", () => {
  it("are taken from a newer file, and proclaimed days and years that it dropped stay", () => {
    const newer = structuredClone(WITHOUT_WORLD_CUP);
    for (const one of Object.values(newer)) {
      one.events = one.events
        .filter(({ date }) => date >= "2022")
        .flatMap((event) =>
          event.date.startsWith("2028") ? [event, { ...event, date: `2029${event.date.slice(4)}` }] : [event],
        );
    }
    const next = succeed(SHIPPED_DAYS, newer);
    const dates = next.scotland.events.map(({ date }) => date);
    expect(dates).toEqual([...dates].sort());
    expect(dates).toEqual(expect.arrayContaining(["2019-01-01", "2026-06-15", "2029-12-25"]));
    expect(new Calendar(next, "scotland").lastYear).toBe(2029);
  });

  it.each([
    ["older", (date: string) => date < "2028", /older/],
    ["not whole", (date: string) => !date.startsWith("2027-0"), /not all bank holidays of 2027/],
  ])("are not taken from a file that is %s", (_what, keep, message) => {
    const file = structuredClone(SHIPPED_DAYS);
    for (const one of Object.values(file)) one.events = one.events.filter(({ date }) => keep(date));
    expect(() => succeed(SHIPPED_DAYS, file)).toThrow(message);
  });

  it("are added once, within the years that are known", () => {
    const day = (date: string) => ({ title: "Day", date, notes: "", bunting: false, proclaimed: "x" });
    expect(() => withDay(SHIPPED_DAYS, ["scotland"], day("2026-06-15"))).toThrow(/already/);
    expect(() => withDay(SHIPPED_DAYS, ["scotland"], day("2031-06-16"))).toThrow(/2019 to 2028/);
    expect(() => withoutDay(SHIPPED_DAYS, ["scotland"], "2026-12-25")).toThrow(/proclaimed/);
  });
});

describe("a day", () => {
  it.each([
    ["2026-03-28T23:59:59.999Z", "2026-03-28"],
    ["2026-03-29T23:00:00.000Z", "2026-03-30"],
    ["2026-10-25T00:30:00.000Z", "2026-10-25"],
    ["2026-07-01T22:59:59.999Z", "2026-07-01"],
  ])("is London's: %s is on %s", (at, day) => {
    expect(londonDay(new Date(at))).toBe(day);
  });

  it("begins and ends by London's clock, whatever the season", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000 }), (n) => {
        const day = addDays("2019-01-01", n);
        expect(londonDay(startOfDay(day))).toBe(day);
        expect(londonDay(endOfDay(day))).toBe(day);
        expect(londonDay(new Date(startOfDay(day).getTime() - 1))).toBe(addDays(day, -1));
        expect(endOfDay(day).getTime() + 1).toBe(startOfDay(addDays(day, 1)).getTime());
      }),
    );
  });

  it.each([
    ["2026-01-31", 1, "2026-02-28"],
    ["2028-01-31", 1, "2028-02-29"],
    ["2026-12-31", 2, "2027-02-28"],
    ["2026-11-30", 13, "2027-12-30"],
  ])("%s and %i months is %s", (from, months, to) => {
    expect(addMonths(from, months)).toBe(to);
  });
});
