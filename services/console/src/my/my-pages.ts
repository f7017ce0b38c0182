import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { page, view } from "../page.ts";
import { captured, ownDevices, ownLinks } from "./my-answers.ts";

const PERIOD_DAYS = 31;
const DAY_MS = 86_400_000;

type Account = z.infer<typeof captured>["accounts"][number];

/** An account's days, newest first: how much of it is messages, and how much else. */
function daysOf({ days }: Account) {
  const sums = new Map<string, { day: string; messages: number; others: number }>();
  for (const { day, kind, records } of days) {
    const sum = sums.get(day) ?? { day, messages: 0, others: 0 };
    if (kind === "message") sum.messages += records;
    else sum.others += records;
    sums.set(day, sum);
  }
  return [...sums.values()].reverse();
}

/** What was captured of whoever looks in the days before one, or in the latest. @param to that day, which is not in it */
export function capturedBefore(api: ApiClient, to: string | undefined) {
  const end = to === undefined ? undefined : `${to}T00:00:00.000Z`;
  const from = end && new Date(Date.parse(end) - PERIOD_DAYS * DAY_MS).toISOString();
  return api.call("get", "/api/v1/self/coverage", { query: { from, to: end }, response: captured });
}

export const capturedQuery = z.object({ to: z.iso.date().optional() });

/** What Daybook has of whoever looks: nothing here must be done daily. */
export const myPages = [
  page({
    method: "get",
    path: "/my",
    action: "self.content",
    handle: async ({ api }) =>
      view("my/home", await api.call("get", "/api/v1/self/links", { response: ownLinks })),
  }),
  page({
    method: "get",
    path: "/my/captured",
    action: "self.content",
    query: capturedQuery,
    handle: async ({ api, query: { to } }) => {
      const found = await capturedBefore(api, to);
      const accounts = found.accounts.map((one) => ({
        ...one,
        days: daysOf(one),
        gaps: [...one.gaps].reverse(),
        coverage: [...one.coverage].reverse(),
      }));
      return view("my/captured", {
        ...found,
        accounts,
        pictured: to === undefined ? "" : `?to=${to}`,
        earlier: found.from.slice(0, 10),
        latest: to === undefined,
      });
    },
  }),
  page({
    method: "get",
    path: "/my/devices",
    action: "self.content",
    handle: async ({ api }) => {
      const [{ devices }, { accounts }] = await Promise.all([
        api.call("get", "/api/v1/self/devices", { response: ownDevices }),
        api.call("get", "/api/v1/self/coverage", { response: captured }),
      ]);
      const known = new Map(accounts.map((one) => [one.id, one]));
      return view("my/devices", {
        devices: devices.map((one) => ({ ...one, of: known.get(one.account) ?? null })).reverse(),
      });
    },
  }),
];
