import { route } from "@daybook/runtime";
import { z } from "zod";
import type { Coverage, Link } from "../src/health/health-answers.ts";
import { reasonsFor } from "../src/health/silence.ts";
import { consoleOver, type TestConsole } from "../testing/index.ts";

const CUSTODIAN = { id: "3b241101-e2bb-4255-8caf-4136c566a960", name: "Olivia Sinclair" };
const link = (account: string, more: Partial<Link> = {}): Link => ({
  network: "sms",
  method: "carrier",
  account,
  custodian: CUSTODIAN,
  status: "live",
  problem: null,
  alerts: [],
  linkedAt: null,
  downSince: null,
  agent: null,
  ...more,
});
const LINKS = [
  link("+447700900101", { alerts: ["canary-missing", "an-alert-that-is-new"] }),
  link("+447700900102", { status: "waiting" }),
  link("+447700900103", { status: "down", problem: "The aggregator refuses the password" }),
];

const text = z.string().optional();
const answering = (path: string, answer: object) =>
  route({
    method: "get",
    path,
    action: "health.read",
    summary: "Made-up answers",
    query: z.object({ from: text, to: text, account: text, cursor: text }),
    response: z.json(),
    handle: () => Promise.resolve(answer as z.infer<ReturnType<typeof z.json>>),
  });

let served: TestConsole;
beforeAll(async () => {
  const accounts = LINKS.map(({ account: identifier }, index) => ({
    id: `3b241101-e2bb-4255-8caf-4136c566a96${index}`,
    network: "sms",
    identifier,
    custodian: CUSTODIAN,
    messages: 0,
    last: null,
  }));
  served = await consoleOver({
    routes: [
      answering("/api/v1/links", { accounts: LINKS }),
      answering("/api/v1/health/volumes", { days: [] }),
      answering("/api/v1/health/accounts", { accounts, next: null }),
    ],
  });
});
afterAll(() => served.close());

it("says how links stand in words, and what to do where something is to be seen to", async () => {
  const { $ } = await served.browser(["administrator"]).get("/health");
  const rows = $("tbody tr")
    .map((_, row) => $(row).find("td").eq(1).text().replace(/\s+/g, " ").trim())
    .get();

  expect(rows).toEqual([
    expect.stringMatching(/^Live ?A test message did not arrive ?an-alert-that-is-new$/),
    "Waiting",
    "Down The aggregator refuses the password",
  ]);
});

describe("why an account may be silent", () => {
  const NOW = "2026-03-04T12:00:00.000Z";
  const ofToday = (state: string): Coverage => ({
    stretches: [{ from: "2026-03-04T11:00:00.000Z", to: "2026-03-05T00:00:00.000Z", state }],
    gaps: [],
    cutShort: false,
  });
  const reasons = (of: Link | undefined, coverage: Coverage, now = NOW) =>
    reasonsFor({ owned: true, link: of, coverage, messages: 0, now }).map(({ key }) => key);

  it("is no blindness where it is heard, and that has yet to be put on record", () => {
    expect(reasons(link("a"), ofToday("unknown"))).toEqual(["quiet"]);
    expect(reasons(link("a"), ofToday("unknown"), "2026-03-06T12:00:00.000Z")).toEqual(["blind"]);
    expect(reasons(link("a"), ofToday("down"))).toEqual(["blind"]);
    expect(reasons(undefined, ofToday("unknown"))).toEqual(["no-link", "blind"]);
  });

  it("is that nothing has come yet, where it listens; else what its link says", () => {
    for (const state of ["live", "unknown"])
      expect(reasons(link("a", { status: "waiting" }), ofToday(state))).toEqual(["waiting"]);
    expect(reasons(link("a", { status: "waiting", problem: "p" }), ofToday("live"))).toEqual(["down"]);
  });
});
