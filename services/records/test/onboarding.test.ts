import type { ApiClient } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { localDay, localMidnight } from "../src/posts/local-day.ts";
import { createDeployment, type Deployment, type Running } from "./support/deployment.ts";

const suite = hasPostgres ? describe : describe.skip;

interface Result {
  ok: boolean;
  made: Record<string, number>;
  problems: { line: number | null; column: string | null; problem: string }[];
  problemsTotal: number;
}

const HEADER =
  "Name,post,group,kind,post from,post to,network,number,account_from,device,ownership,device_from";
const FILE = `${HEADER}
Morag Sutherland,Minister for Transport,minister,,2026-01-05,,whatsapp,+447700900101,2026-01-05,CORP-001,corporate,2026-01-05
"Adeyemi, Tom",Permanent Secretary,senior,job share,2025-09-01,,sms,+447700900102,2025-09-01,,,
"Brennan, Isla",Permanent Secretary,,job-share,2025-09-01,2026-06-01,,,,,,

Morag Sutherland,,,,,,signal,cfdc0f2e-f2e0-40a9-8bf4-970293b07c1f,2026-02-01,CORP-001,,
`;

suite("a file of people", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let owner: ApiClient;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    home = await createDeployment(postgres);
    running = await home.start();
    owner = running.owner;
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const take = (file: string, dryRun = false) =>
    owner.call("post", "/api/v1/registry/imports", {
      body: { file, dryRun, reason: "onboarding" },
    }) as Promise<Result>;
  const counts = async () =>
    Promise.all(
      ["custodian", "post", "holding", "account", "account_link", "device", "device_use"].map(
        async (table) => (await home.sql(`SELECT FROM records.${table}`)).length,
      ),
    );

  it("is taken whole, in one change, and once", async () => {
    const facts = async () => (await home.auditEvents()).filter(({ action }) => action === "registry.import");
    const dry = await take(FILE, true);
    expect(dry).toMatchObject({ ok: true, dryRun: true, lines: 4, problems: [] });
    expect(await counts()).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(await facts()).toEqual([]);
    const made = await take(`\ufeff${FILE}`);
    expect(made).toMatchObject({ ok: true, made: dry.made });
    expect(made.made).toEqual({
      "custodian.add": 3,
      "post.add": 2,
      "holding.add": 3,
      "account.add": 3,
      "device.add": 1,
      "device.use": 2,
    });
    expect(await counts()).toEqual([3, 2, 3, 3, 3, 1, 2]);
    expect(await take(FILE)).toMatchObject({ ok: true, made: {} });
    expect(await facts()).toHaveLength(1);
    const before = await home.sql("SELECT h::text FROM records.holding h ORDER BY 1");
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    running = await home.start();
    owner = running.owner;
    expect(await home.sql("SELECT h::text FROM records.holding h ORDER BY 1")).toEqual(before);
    expect(await counts()).toEqual([3, 2, 3, 3, 3, 1, 2]);
  });

  it("is refused whole for one line, and every one that is wrong is named without its words", async () => {
    const wrong = `name,post,post_from,post_to,kind,network,number,account_from,device
Jo Secret,Secretpost,2026-01-01,2026-02-01,,,,,
Kim Secret,Secretpost,2026-01-15,,,,,,
,Secretpost,2026-01-01,,,,,,
Lea Secret,Secretpost,2026-02-30,,,,,,
Max Secret,Secretpost,2026-03-01,2026-02-01,,,,,
Ned Secret,,2026-03-01,,,,,,
Oda Secret,,,,,pigeon,+44secret,2026-01-01,
Pia Secret,,,,,,+44secret,2026-01-01,
Quo Secret,,,,,sms,,,Secretphone
Ray Secret,Secretpost
Sue Secret,Secretpost,2026-04-01,,part-time,,,,
Tim Secret,,,,,sms,+44secret,2026-01-01,
Una Secret,,,,,sms,+44secret,2026-01-01,
`;
    const { ok, problems, problemsTotal, made } = await take(wrong);
    expect(ok).toBe(false);
    expect(problems.map(({ line, column }) => [line, column])).toEqual([
      [3, "post_from"],
      [4, "name"],
      [5, "post_from"],
      [6, "post_to"],
      [7, "post_from"],
      [8, "network"],
      [9, "network"],
      [10, "network"],
      [11, null],
      [12, "kind"],
      [14, "number"],
    ]);
    expect(problemsTotal).toBe(11);
    expect(made).toMatchObject({ "custodian.add": 2 });
    expect(JSON.stringify(problems).toLowerCase()).not.toContain("secret");
    expect(await counts()).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(home.logged.join("")).not.toContain("Secret");
  });

  it.each([
    ["nothing", "\n", null],
    ["no name of a column", " \nA\n", 1],
    ["an unknown column", "name,shoe size\nA,44\n", 1],
    ["a column twice", "name,name\nA,A\n", 1],
    ["no name", "post\nA\n", 1],
    ["no line", "name\n", null],
    ["an open quotation", 'name\n"A\n', 2],
    ["too many lines", `name\n${"A\n".repeat(2_001)}`, null],
    ["no text", "name\nA\ufffdB\n", 2],
  ])("is refused for %s", async (_, file, line) => {
    const { ok, problems } = await take(file);
    expect(ok).toBe(false);
    expect(problems[0]?.line).toBe(line);
  });

  it("names somebody by id where two have the name", async () => {
    const add = (another: boolean) =>
      owner.call("post", "/api/v1/custodians", { body: { name: "Sam Twice", another } }) as Promise<{
        id: string;
      }>;
    await add(false);
    const { id } = await add(true);
    expect(await take("name,post,post_from\nSam Twice,Clerk,2026-01-01\n")).toMatchObject({
      problems: [{ line: 2, column: "name" }],
    });
    expect(await take(`name,post,post_from\n${id},Clerk,2026-01-01\n`)).toMatchObject({ ok: true });
  });

  it("of as many lines as may be is taken in one change", async () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `Person ${i},Post ${i % 50},acting,2026-01-01`);
    const { ok, made } = await take(`name,post,kind,post_from\n${lines.join("\n")}\n`);
    expect(ok).toBe(true);
    expect(made).toMatchObject({ "custodian.add": 2_000, "post.add": 50, "holding.add": 2_000 });
  });

  it.each(["lost", "kept"] as const)("is taken once or not at all when its event is %s", async (fault) => {
    home.stream.faults.push(fault, fault, fault, fault, fault);
    await expect(take(FILE)).rejects.toMatchObject({ status: 503 });
    expect(await take(FILE)).toMatchObject({ ok: true });
    expect(await counts()).toEqual([3, 2, 3, 3, 3, 1, 2]);
    const ids = (await home.auditEvents())
      .filter(({ action }) => action === "registry.import")
      .map(({ subject }) => subject);
    expect(new Set(ids).size).toBe(1);
  });
});

describe("a day where the body is", () => {
  it.each([
    ["2026-01-10", "Europe/London", "2026-01-10T00:00:00.000Z"],
    ["2026-06-10", "Europe/London", "2026-06-09T23:00:00.000Z"],
    ["2026-03-29", "Europe/London", "2026-03-29T00:00:00.000Z"],
    ["2026-03-30", "Europe/London", "2026-03-29T23:00:00.000Z"],
    ["2026-10-25", "Europe/London", "2026-10-24T23:00:00.000Z"],
    ["2026-10-26", "Europe/London", "2026-10-26T00:00:00.000Z"],
    // The clocks go from 00:00 to 01:00.
    ["2026-03-29", "Asia/Beirut", "2026-03-28T22:00:00.000Z"],
    // And back from 00:00 to 23:00 of the day before.
    ["2026-10-25", "Asia/Beirut", "2026-10-24T22:00:00.000Z"],
    ["2026-06-10", "Pacific/Kiritimati", "2026-06-09T10:00:00.000Z"],
  ])("%s in %s begins at %s", (day, zone, instant) => {
    expect(localMidnight(day, zone).toISOString()).toBe(instant);
    expect(localDay(new Date(instant), zone)).toBe(day);
    expect(localDay(new Date(Date.parse(instant) - 1), zone)).not.toBe(day);
  });

  it("is refused where no calendar has it", () => {
    expect(() => localMidnight("2026-02-30", "Europe/London")).toThrow(RangeError);
    expect(() => localMidnight("2011-12-30", "Pacific/Apia")).toThrow(RangeError);
  });
});
