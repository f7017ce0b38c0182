import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { consoleOver, type TestConsole } from "../testing/index.ts";

const replayed: number[][] = [];
const routes: Route[] = [
  route({
    method: "get",
    path: "/api/v1/health/parked",
    action: "parked.read",
    summary: "Parked events",
    query: z.object({ cursor: z.coerce.number().optional() }),
    response: z.object({ parked: z.array(z.json()), waiting: z.int(), next: z.null() }),
    handle: () =>
      Promise.resolve({
        parked: [7, 9].map((offset) => ({
          offset,
          reason: "malformed",
          at: "2026-03-04T09:00:00.000Z",
          from: { topic: "daybook.events", partition: 0, offset: 3 },
          replayedAt: null,
          replayedBy: null,
        })),
        waiting: 2,
        next: null,
      }),
  }),
  route({
    method: "post",
    path: "/api/v1/health/parked/replay",
    action: "parked.replay",
    summary: "Replay",
    body: z.object({ offsets: z.array(z.int()) }),
    response: z.object({ replayed: z.int() }),
    handle: ({ body }) => {
      replayed.push(body.offsets);
      return Promise.resolve({ replayed: body.offsets.length });
    },
  }),
];

let served: TestConsole;
beforeAll(async () => {
  served = await consoleOver({ routes });
});
afterAll(() => served.close());
beforeEach(() => replayed.splice(0));

it("asks once more before parked events are put back, and then puts back those and no other", async () => {
  const browser = served.browser(["administrator"]);
  await browser.get("/health/parked");
  const asked = await browser.post("/health/parked", { event: ["9", "7"] });
  expect(replayed).toEqual([]);
  const events = asked.$('input[name="event"]').map((_, one) => asked.$(one).attr("value"));
  expect(events.get()).toEqual(["9", "7"]);
  const done = await browser.post("/health/parked/replay", { event: events.get() });
  expect(replayed).toEqual([[9, 7]]);
  expect(done.$(".govuk-notification-banner--success").text()).toContain("put back");
});

it("says so when none is chosen", async () => {
  const browser = served.browser(["administrator"]);
  await browser.get("/health/parked");
  const answer = await browser.post("/health/parked");
  expect(answer.status).toBe(400);
  expect(replayed).toEqual([]);
});

it.each(["records-officer", "auditor"] as const)("is not for a %s", async (role) => {
  expect((await served.browser([role]).get("/health/parked")).status).toBe(403);
});
