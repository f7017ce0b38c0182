import { route } from "@daybook/runtime";
import { z } from "zod";
import { stretchesOf } from "../src/my/captured-pictures.ts";
import { consoleOver, type TestConsole } from "../testing/index.ts";

const ACCOUNT = "3b241101-e2bb-4255-8caf-4136c566a962";
const PERIOD = { from: "2026-03-01T00:00:00.000Z", to: "2026-03-08T00:00:00.000Z" };
const LIVE = { from: "2026-03-02T07:00:00.000Z", to: "2026-03-04T13:10:00.000Z", state: "live" };
const DOWN = { from: "2026-03-04T13:10:00.000Z", to: "2026-03-04T15:40:00.000Z", state: "down" };

const coverage = route({
  method: "get",
  path: "/api/v1/self/coverage",
  action: "self.content",
  summary: "Made-up figures",
  query: z.object({ from: z.string().optional(), to: z.string().optional() }),
  response: z.json(),
  handle: () =>
    Promise.resolve({
      ...PERIOD,
      accounts: [
        {
          id: ACCOUNT,
          network: "whatsapp",
          method: "linked-device",
          identifier: "+447700900101",
          custodian: { id: "c", name: "Morag Sutherland" },
          from: "2026-01-05T00:00:00.000Z",
          to: null,
          total: 9,
          first: null,
          last: null,
          days: [
            { day: "2026-03-02", kind: "message", records: 4 },
            { day: "2026-03-02", kind: "receipt", records: 70 },
            { day: "2026-03-03", kind: "message", records: 5 },
          ],
          coverage: [LIVE, DOWN],
          gaps: [],
        },
      ],
    }),
});

let served: TestConsole;
beforeAll(async () => {
  served = await consoleOver({ routes: [coverage] });
});
afterAll(() => served.close());

it("pictures what stands in the tables of one's own page, and runs nothing", async () => {
  const browser = served.browser(["custodian"]);
  const { $ } = await browser.get("/my/captured");
  const pictures = $("img.daybook-chart")
    .map((_, one) => $(one).attr("src"))
    .get();
  expect(pictures).toEqual(["/my/captured/volumes.svg", `/my/captured/${ACCOUNT}/coverage.svg`]);
  for (const [path, words] of [
    [pictures[0], ["2 Mar", "3 Mar", "WhatsApp"]],
    [pictures[1], ["Listening", "Not connected"]],
  ] as const) {
    const { status, headers, html } = await browser.get(path ?? "");
    expect([status, headers.get("content-type")]).toEqual([200, "image/svg+xml; charset=utf-8"]);
    expect(headers.get("content-security-policy")).toContain("sandbox");
    expect(html).not.toContain("<script");
    for (const word of words) expect(html).toContain(word);
  }
});

it("pictures nobody else's account", async () => {
  const other = ACCOUNT.replace("3b", "4b");
  expect((await served.browser(["custodian"]).get(`/my/captured/${other}/coverage.svg`)).status).toBe(404);
});

it("says of every moment of a period how an account was heard", () => {
  expect(stretchesOf(PERIOD, [DOWN, LIVE])).toEqual([
    { from: PERIOD.from, to: LIVE.from, state: "unknown" },
    LIVE,
    DOWN,
    { from: DOWN.to, to: PERIOD.to, state: "unknown" },
  ]);
  const longer = { from: "2026-02-01T00:00:00.000Z", to: "2026-04-01T00:00:00.000Z", state: "live" };
  expect(stretchesOf(PERIOD, [longer])).toEqual([{ ...PERIOD, state: "live" }]);
  expect(stretchesOf(PERIOD, [])).toEqual([{ ...PERIOD, state: "unknown" }]);
});
