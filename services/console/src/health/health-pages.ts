import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { page, view } from "../page.ts";
import { account, params } from "../registry/registry-answers.ts";
import { accountHealth, coverage, gaps, keys, storage, volumes } from "./health-answers.ts";
import { linksOf } from "./links.ts";
import { type Period, periodOf, periodQuery, SPANS } from "./period.ts";
import { reasonsFor } from "./silence.ts";

const volumesOf = async (api: ApiClient, { from, to }: Period, of?: string) =>
  (await api.call("get", "/api/v1/health/volumes", { query: { from, to, account: of }, response: volumes }))
    .days;

/** How accounts do: whether they are heard, and what is to be done where one is not. */
export const healthPages = [
  page({
    method: "get",
    path: "/health",
    action: "health.read",
    query: periodQuery.extend({ cursor: z.uuid().optional() }),
    handle: async ({ api, query }) => {
      const period = periodOf(query);
      const [known, days, shown] = await Promise.all([
        linksOf(api),
        volumesOf(api, period),
        api.call("get", "/api/v1/health/accounts", {
          query: { cursor: query.cursor },
          response: accountHealth,
        }),
      ]);
      const linkOf = new Map((known ?? []).map((link) => [`${link.network}/${link.account}`, link]));
      const accounts = shown.accounts.map((one) => ({
        ...one,
        link: linkOf.get(`${one.network}/${one.identifier ?? one.id}`),
      }));
      return view("health/health", {
        accounts,
        next: shown.next,
        first: query.cursor === undefined,
        linksKnown: known !== undefined,
        period,
        spans: SPANS,
        volumes: byDay(days),
      });
    },
  }),
  page({
    method: "get",
    path: "/health/accounts/:id",
    action: "health.read",
    params,
    query: periodQuery,
    handle: async ({ api, params: { id }, query }) => {
      const period = periodOf(query);
      const one = await api.call("get", "/api/v1/accounts/:id", { params: { id }, response: account });
      const { from, to } = period;
      const [known, days, timeline] = await Promise.all([
        linksOf(api),
        volumesOf(api, period, id),
        api.call("get", "/api/v1/health/coverage", { query: { account: id, from, to }, response: coverage }),
      ]);
      const link = known?.find(
        ({ network, account: name }) => network === one.network && name === (one.identifier ?? one.id),
      );
      const now = new Date().toISOString();
      const owner = one.links.find((of) => of.from <= now && (of.to === null || of.to > now));
      const messages = days.reduce((sum, day) => sum + day.messages, 0);
      return view("health/account", {
        one,
        owner,
        link,
        timeline,
        period,
        spans: SPANS,
        days,
        messages,
        reasons: reasonsFor({ owned: owner !== undefined, link, coverage: timeline, messages, now }),
      });
    },
  }),
  page({
    method: "get",
    path: "/health/gaps",
    action: "health.read",
    query: z.object({ account: z.uuid().optional(), cursor: z.string().max(1_024).optional() }),
    handle: async ({ api, query }) =>
      view("health/gaps", {
        ...(await api.call("get", "/api/v1/health/gaps", { query, response: gaps })),
        account: query.account,
        first: query.cursor === undefined,
      }),
  }),
  page({
    method: "get",
    path: "/health/storage",
    action: "health.read",
    handle: async ({ api }) =>
      view("health/storage", await api.call("get", "/api/v1/health/storage", { response: storage })),
  }),
  page({
    method: "get",
    path: "/keys",
    action: "keys.read",
    handle: async ({ api }) => view("health/keys", await api.call("get", "/api/v1/keys", { response: keys })),
  }),
];

/** A row a day, a column a network. */
export function byDay(days: readonly { day: string; network: string; messages: number }[]) {
  const networks = [...new Set(days.map(({ network }) => network))];
  const rows = [...new Set(days.map(({ day }) => day))].map((day) => ({
    day,
    messages: networks.map(
      (network) => days.find((one) => one.day === day && one.network === network)?.messages ?? 0,
    ),
  }));
  return { networks, rows };
}
