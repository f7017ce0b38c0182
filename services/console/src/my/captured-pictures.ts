import { ProblemError } from "@daybook/runtime";
import { z } from "zod";
import { formatShortDay } from "../format.ts";
import { byDay } from "../health/health-pages.ts";
import { charts, sendSvg } from "../health/picture-pages.ts";
import { page } from "../page.ts";
import { createTexts } from "../texts.ts";
import type { captured } from "./my-answers.ts";
import { capturedBefore, capturedQuery } from "./my-pages.ts";

type Captured = z.infer<typeof captured>;

const STATES = ["live", "catching-up", "down", "unknown"];
const texts = createTexts();

/** Messages of all of one's accounts, a line a day and network, the oldest first. */
function messagesOf({ accounts }: Captured) {
  const sums = new Map<string, { day: string; network: string; messages: number }>();
  for (const { network, days } of accounts) {
    for (const { day, kind, records } of days) {
      if (kind !== "message") continue;
      const sum = sums.get(`${day} ${network}`) ?? { day, network, messages: 0 };
      sums.set(`${day} ${network}`, { ...sum, messages: sum.messages + records });
    }
  }
  return [...sums.values()].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
}

/** How an account was heard from the beginning of a period to its end: what nothing is known of is unknown. */
export function stretchesOf(
  { from, to }: { readonly from: string; readonly to: string },
  known: readonly { readonly from: string; readonly to: string; readonly state: string }[],
) {
  const stretches: { from: string; to: string; state: string }[] = [];
  let at = from;
  for (const one of [...known].sort((a, b) => Date.parse(a.from) - Date.parse(b.from))) {
    if (one.to <= at || one.from >= to) continue;
    if (one.from > at) stretches.push({ from: at, to: one.from, state: "unknown" });
    const begins = one.from > at ? one.from : at;
    at = one.to < to ? one.to : to;
    stretches.push({ from: begins, to: at, state: one.state });
  }
  if (at < to) stretches.push({ from: at, to, state: "unknown" });
  return stretches;
}

/** Pictures of what stands in tables on the page of what was captured. */
export const capturedPictures = [
  page({
    method: "get",
    path: "/my/captured/volumes.svg",
    action: "self.content",
    file: true,
    query: capturedQuery,
    handle: async ({ api, query: { to } }) => {
      const { networks, rows } = byDay(messagesOf(await capturedBefore(api, to)));
      const { volumesChart } = await charts();
      const svg = volumesChart({
        days: rows.map(({ day }) => formatShortDay(day)),
        series: networks.map((network, i) => ({
          name: texts.text(`my:network.${network}`),
          values: rows.map(({ messages }) => messages[i] ?? 0),
        })),
      });
      return { send: (response) => sendSvg(response, svg) };
    },
  }),
  page({
    method: "get",
    path: "/my/captured/:id/coverage.svg",
    action: "self.content",
    file: true,
    params: z.object({ id: z.uuid() }),
    query: capturedQuery,
    handle: async ({ api, params: { id }, query: { to } }) => {
      const found = await capturedBefore(api, to);
      const one = found.accounts.find((account) => account.id === id);
      if (!one) throw new ProblemError(404, "no-such-account", "that is no account of yours");
      const { coverageChart } = await charts();
      const svg = coverageChart({
        stretches: stretchesOf(found, one.coverage),
        states: STATES.map((state) => ({ state, name: texts.text(`my:coverage.${state}`) })),
        label: (at) => formatShortDay(new Date(at)),
      });
      return { send: (response) => sendSvg(response, svg) };
    },
  }),
];
