import { z } from "zod";
import { type Action, type ApiClient, mayDo, type Principal } from "@daybook/runtime";
import { waiting } from "../approvals/approval-pages.ts";
import { matterList } from "../matters/matter-answers.ts";

/** Matters, overdue ones first, and accounts that the front page looks through. */
const LOOKED_AT = 200;
/** What counts as reading, and being refused to: of the actions of audit events. */
const READING: ReadonlySet<string> = new Set([
  "search",
  "search.read",
  "conversation.view",
  "record.view",
  "record.raw",
  "attachment.view",
  "selection.read",
  "statement.read",
  "export.start",
  "refused",
]);
/** Entries that one part shows. */
const SHOWN = 10;

const links = z.object({
  accounts: z.array(
    z.object({ network: z.string(), state: z.string(), downSince: z.string().nullable().optional() }),
  ),
});
const accounts = z.object({
  accounts: z.array(
    z.object({
      id: z.string(),
      network: z.string(),
      custodian: z.object({ name: z.string() }).loose().nullable(),
      last: z.object({ state: z.string(), until: z.string() }).nullable(),
    }),
  ),
  next: z.string().nullable(),
});
const gaps = z.object({ total: z.number(), totalIsExact: z.boolean() });
const status = z.object({ parked: z.number() });
const log = z.object({ last: z.object({ endedAt: z.string(), ok: z.boolean() }).nullable() });
const audit = z.object({
  entries: z.array(
    z.object({
      at: z.string(),
      actor: z.object({ id: z.string(), name: z.string().nullable() }),
      action: z.string(),
    }),
  ),
});

/** What one part of the front page shows: its own data, or that it could not be had. */
export type Part = { readonly name: string } & (
  { readonly failed: false; readonly data: unknown } | { readonly failed: true }
);

interface Source {
  readonly name: string;
  readonly action: Action;
  readonly load: (of: { api: ApiClient; principal: Principal; today: string }) => Promise<unknown>;
}

async function openMatters(api: ApiClient) {
  const query = { state: "open", order: "due", limit: LOOKED_AT };
  const { matters, next } = await api.call("get", "/api/v1/matters", { query, response: matterList });
  return { matters, more: next !== null };
}

/** Accounts, as far as the front page looks through them. */
async function firstAccounts(api: ApiClient) {
  const found: z.infer<typeof accounts>["accounts"] = [];
  let cursor: string | undefined;
  do {
    const answer = await api.call("get", "/api/v1/health/accounts", {
      query: { cursor },
      response: accounts,
    });
    found.push(...answer.accounts);
    cursor = answer.next ?? undefined;
  } while (cursor !== undefined && found.length < LOOKED_AT);
  return { accounts: found, more: cursor !== undefined };
}

/** The parts of every role, in the order in which they are shown. */
const SOURCES: readonly Source[] = [
  {
    name: "links",
    action: "self.link",
    load: ({ api }) => api.call("get", "/api/v1/self/links", { response: links }),
  },
  {
    name: "matters",
    action: "matter.change",
    async load({ api }) {
      const { matters, more } = await openMatters(api);
      const isPressing = (state: string | undefined) => state === "overdue" || state === "due-soon";
      const pressing = matters.filter(({ state, review }) => isPressing(state) || isPressing(review?.state));
      const unassigned = matters.filter(
        ({ assignedTo, answeredOn }) => assignedTo === null && answeredOn === null,
      );
      return {
        matters: matters.slice(0, SHOWN),
        pressing: pressing.length,
        unassigned: unassigned.length,
        open: matters.length,
        more,
      };
    },
  },
  { name: "approvals", action: "hold.approve", load: ({ api }) => waiting(api) },
  {
    name: "audits",
    action: "audit.read",
    async load({ api }) {
      const { matters } = await openMatters(api);
      return matters.filter(({ kind }) => kind === "audit").slice(0, SHOWN);
    },
  },
  {
    name: "reading",
    action: "audit.read",
    async load({ api }) {
      const query = { limit: LOOKED_AT };
      const { entries } = await api.call("get", "/api/v1/audit", { query, response: audit });
      return entries.filter(({ action }) => READING.has(action)).slice(0, SHOWN);
    },
  },
  {
    name: "health",
    action: "person.manage",
    async load({ api, today }) {
      const [of, holes, { parked }, { last }] = await Promise.all([
        firstAccounts(api),
        api.call("get", "/api/v1/health/gaps", { query: { from: today, limit: 1 }, response: gaps }),
        api.call("get", "/api/v1/status", { response: status }),
        api.call("get", "/api/v1/health/log", { response: log }),
      ]);
      const down = of.accounts.filter((account) => account.last?.state === "down");
      return { down: down.slice(0, SHOWN), downCount: down.length, more: of.more, gaps: holes, parked, last };
    },
  },
];

/**
 * What needs doing today, by what somebody may do. Every part is asked for by itself: one that fails takes no other
 * with it.
 */
export function partsFor(api: ApiClient, principal: Principal, today: string): Promise<Part[]> {
  const asked = SOURCES.filter(({ action }) => mayDo(principal, action));
  return Promise.all(
    asked.map(({ name, ...source }) =>
      source.load({ api, principal, today }).then(
        (data): Part => ({ name, failed: false, data }),
        (): Part => ({ name, failed: true }),
      ),
    ),
  );
}
