import {
  formatBoundary,
  formatBytes,
  formatClock,
  formatCount,
  formatDay,
  formatMoment,
  inZone,
  instantOf,
  today,
} from "../src/format.ts";

describe("times", () => {
  it.each([
    ["2026-11-22T15:05:00.000Z", "22 November 2026, 3:05pm"],
    ["2026-07-01T08:00:00.000Z", "1 July 2026, 9:00am"],
    ["2026-06-30T23:00:00.000Z", "1 July 2026, midnight"],
    ["2026-01-05T12:00:00.000Z", "5 January 2026, midday"],
    ["2026-01-05T00:30:00.000Z", "5 January 2026, 12:30am"],
  ])("are London's, as the GOV.UK style guide writes them: %s", (at, shown) => {
    expect(formatMoment(at)).toBe(shown);
    expect(shown).toBe(`${formatDay(at)}, ${formatClock(at)}`);
  });

  it("are another zone's where the deployment is there", async () => {
    const shown = await inZone("Pacific/Auckland", async () => {
      await Promise.resolve();
      return [formatMoment("2026-07-01T12:30:00.000Z"), instantOf("2026-07-02", "9:30")];
    });
    expect(shown).toEqual(["2 July 2026, 12:30am", "2026-07-01T21:30:00.000Z"]);
    expect(inZone("UTC", today)).toBe(new Date().toISOString().slice(0, 10));
    expect(formatMoment("2026-07-01T12:30:00.000Z")).toBe("1 July 2026, 1:30pm");
  });

  it("are a day alone where that begins", () => {
    expect(formatBoundary("2026-06-30T23:00:00.000Z")).toBe("1 July 2026");
    expect(formatBoundary("2026-06-30T23:01:00.000Z")).toBe("1 July 2026, 12:01am");
  });
});

describe("figures", () => {
  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_000, "1 KB"],
    [3_449_000, "3.4 MB"],
    [123_456_789_012, "123 GB"],
    [9_007_199_254_740_991, "9007 TB"],
  ])("of bytes are in thousands: %d", (bytes, shown) => {
    expect(formatBytes(bytes)).toBe(shown);
  });

  it("have commas", () => {
    expect(formatCount(1_234_567)).toBe("1,234,567");
  });
});
