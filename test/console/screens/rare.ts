import type { Role, Route } from "@daybook/runtime";
import { route } from "@daybook/runtime";
import { z } from "zod";
import { rareAgentRoutes, rareAgentScreens } from "./rare-agents.ts";
import type { Screen } from "./screen.ts";

const MATTER = "3b241101-e2bb-4255-8caf-4136c566a962";
const FAILED = "3b241101-e2bb-4255-8caf-4136c566a963";
const WAITING = "3b241101-e2bb-4255-8caf-4136c566a964";
const PARKED = 50;

const DAYS = [
  { day: "2026-12-14", counts: null, why: "receipt" },
  { day: "2026-12-15", counts: 1, why: "counted" },
  { day: "2026-12-19", counts: null, why: "saturday" },
  { day: "2026-12-20", counts: null, why: "sunday" },
  { day: "2026-12-25", counts: null, why: "bank-holiday", title: "Christmas Day", in: ["scotland"] },
  { day: "2027-01-14", counts: 20, why: "counted" },
];
const RECKONING = {
  due: "2027-01-14",
  waitsFor: null,
  provisional: true,
  from: "2026-12-14",
  promptBy: null,
  noticeBy: null,
  extended: false,
  days: DAYS,
};

const matter = {
  id: MATTER,
  title: "Relief ferry",
  kind: "foi",
  openedAt: "2026-12-14T09:00:00.000Z",
  due: "2027-01-14",
  dueLimit: "2027-01-15",
  closedAt: null,
  reference: "FOI/26/88",
  regime: "foia-2000",
  receivedAt: "2026-12-14",
  nation: null,
  provisional: true,
  waitsFor: null,
  state: "running",
  answeredOn: null,
  outcome: null,
  assignedTo: null,
  variant: null,
  review: null,
};
const clock = {
  matter,
  regime: {
    id: "foia-2000",
    kind: "foi",
    name: "Freedom of Information Act 2000",
    unit: "working-days",
    feeStops: true,
    source: "FOIA 2000 s.10",
  },
  calendar: { id: "1", number: 1 },
  latest: { id: "2", number: 2 },
  kept: RECKONING,
  newest: {
    ...RECKONING,
    due: "2027-01-15",
    days: [...DAYS, { day: "2027-01-15", counts: 20, why: "counted" }],
  },
  review: null,
};

const of = (state: string, more: object) => ({
  id: state === "failed" ? FAILED : WAITING,
  matter: MATTER,
  name: "relief-ferry",
  askedAt: "2026-12-15T10:30:00.000Z",
  of: "everything",
  formats: ["records", "html"],
  withSources: false,
  recipients: [],
  state,
  records: 12_345,
  attachments: 0,
  gaps: 0,
  progress: null,
  package: null,
  failure: null,
  ...more,
});
const EXPORTS = new Map(
  [
    of("failed", { failure: { code: "disk-full", detail: "no room" } }),
    of("queued", {
      progress: {
        stage: "waiting",
        ahead: 2,
        done: 0,
        of: 0,
        bytes: 0,
        startedAt: null,
        secondsLeft: null,
      },
    }),
  ].map((one) => [one.id, one]),
);

const parked = (from: number) =>
  Array.from({ length: PARKED }, (_, i) => ({
    offset: from + i,
    reason: ["undecryptable", "malformed", "unreadable"][i % 3],
    at: "2026-03-04T09:00:00.000Z",
    from: { topic: "daybook.events", partition: i % 4, offset: 1_000 + i },
    replayedAt: i % 10 === 0 ? "2026-03-05T12:00:00.000Z" : null,
    replayedBy: null,
  }));

/** A number that was silent for so long, on both sides, that nobody has said whose it is beyond. */
const UNCONFIRMED = (["before", "after"] as const).map((side, n) => ({
  id: WAITING,
  network: "sms",
  identifier: "+447700900456",
  side,
  silentFrom: "2025-10-01T10:00:00.000Z",
  silentTo: "2026-03-01T10:00:00.000Z",
  records: n + 1,
  confirm: "2025-10-01T10:00:00.000Z",
}));
const OUTSIDE = {
  id: FAILED,
  name: "Morag Gunn",
  identifiers: [{ id: WAITING, network: "sms", identifier: "+447700900456", from: null, to: null }],
};
const SEARCH = {
  id: WAITING,
  by: { id: "officer", name: "Isla Brennan" },
  at: "2026-12-15T10:30:00.000Z",
  q: "",
  filters: { participant: FAILED },
  names: { participant: "Morag Gunn" },
  total: 0,
  totalIsExact: true,
};

const get = (
  path: string,
  action: "matter.read" | "export" | "parked.read" | "participant.read" | "search",
  answer: (id: string, cursor: number) => unknown,
): Route =>
  route({
    method: "get",
    path,
    action,
    summary: path,
    params: z.object({ id: z.string().optional(), search: z.string().optional() }),
    query: z.object({ limit: z.string().optional(), cursor: z.coerce.number().default(0) }),
    response: z.json(),
    handle: ({ params, query }) => Promise.resolve(z.json().parse(answer(params.id ?? "", query.cursor))),
  });

/** An API that answers what the sample never comes to. */
export const rareRoutes: readonly Route[] = [
  ...rareAgentRoutes,
  get("/api/v1/matters/:id", "matter.read", () => matter),
  get("/api/v1/matters/:id/clock", "matter.read", () => clock),
  get("/api/v1/matters/:id/history", "matter.read", () => ({ history: [], next: null })),
  get("/api/v1/participants/:id", "participant.read", () => OUTSIDE),
  get("/api/v1/participants/:id/silences", "participant.read", () => ({ unconfirmed: UNCONFIRMED })),
  get("/api/v1/matters/:id/searches/:search", "matter.read", () => SEARCH),
  get("/api/v1/matters/:id/searches/:search/results", "search", () => ({
    ...{ total: 0, totalIsExact: true, counts: null, results: [], unconfirmed: UNCONFIRMED, next: null },
  })),
  get("/api/v1/matters/:id/selection/count", "matter.read", () => ({ total: 0 })),
  get("/api/v1/exports/:id", "export", (id) => EXPORTS.get(id)),
  get("/api/v1/health/parked", "parked.read", (_, cursor) => ({
    parked: parked(cursor),
    waiting: 3 * PARKED,
    next: cursor + PARKED,
  })),
];

const screen = (page: string, state: string, as: Role, at: string, unfolds = false): Screen => ({
  page,
  state,
  as,
  open: () => at,
  ...(unfolds && { act: (shown) => shown.locator(".govuk-details__summary").first().click() }),
});

/** States that the sample never comes to, over made-up answers: see {@link rareRoutes}. */
export const rareScreens: readonly Screen[] = [
  ...rareAgentScreens,
  screen("/matters/:id", "arguable-and-provisional", "records-officer", `/matters/${MATTER}`, true),
  screen("/matters/:id/exports/:export", "failed", "records-officer", `/matters/${MATTER}/exports/${FAILED}`),
  screen(
    "/matters/:id/exports/:export",
    "waiting",
    "records-officer",
    `/matters/${MATTER}/exports/${WAITING}`,
  ),
  screen("/participants/:id", "silent", "records-officer", `/participants/${FAILED}`),
  screen(
    "/matters/:id/searches/:search",
    "silent",
    "records-officer",
    `/matters/${MATTER}/searches/${WAITING}`,
  ),
  screen("/health/parked", "many", "administrator", "/health/parked"),
  screen("/health/parked", "further-on", "administrator", `/health/parked?cursor=${PARKED}`),
];
