import { jest } from "@jest/globals";
import { cachedProgram, kafkaLibraries } from "@daybook/lab";
import { hasPostgres } from "@daybook/catalogue/testing";
import { archiver } from "./archiver.ts";
import { Course, type DrillReport } from "./course.ts";
import { kafka } from "./kafka.ts";
import { large } from "./large.ts";
import { restore } from "./restore.ts";

jest.setTimeout(900_000);

const missing = [
  ...["versitygw", "toxiproxy-server"].filter((name) => cachedProgram(name) === undefined),
  ...(kafkaLibraries() ? [] : ["kafka"]),
  ...(hasPostgres ? [] : ["PostgreSQL"]),
];
if (missing.length > 0)
  console.warn(`${missing.join(", ")} not installed (npm run lab -- --install): drills are SKIPPED`);

async function run(name: string, drill: (course: Course) => Promise<boolean>): Promise<DrillReport> {
  const course = new Course(name, () => undefined);
  expect(await drill(course)).toBe(true);
  return course.report();
}

/** Small, as the engine suites run it. */
(missing.length === 0 ? describe : describe.skip)("the drill", () => {
  it.each([
    ["restore", (course: Course) => restore(course, { lines: 300 })],
    ["archiver", (course: Course) => archiver(course, { lines: 2_000 })],
    ["kafka", (course: Course) => kafka(course, { lines: 1_000 })],
    ["large", (course: Course) => large(course, { gib: 0.25 })],
  ])("%s loses nothing", async (name, drill) => {
    const report = await run(name, drill);

    expect(report.checks.filter(({ held }) => !held)).toEqual([]);
    expect(report).toMatchObject({ ok: true, lost: 0 });
  });
});

it("a report does not hold when one check does not, when a record is lost, or when nothing was checked", async () => {
  const course = new Course("none", () => undefined);
  expect(() => course.report()).toThrow("checked nothing");
  course.check("one", true);
  expect(course.report()).toMatchObject({ ok: true, lost: 0 });
  course.lost(1);
  expect(course.report()).toMatchObject({ ok: false, lost: 1 });
  const other = new Course("other", () => undefined);
  other.check("one", true);
  other.check("two", false);
  expect(other.report().ok).toBe(false);
});
