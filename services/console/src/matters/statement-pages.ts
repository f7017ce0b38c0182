import { z } from "zod";
import { page, view } from "../page.ts";
import { type Statement, statement } from "./statement-answers.ts";

const MINUTE_S = 60;
const HOUR_S = 3_600;

/** The gaps and down times, and the time that was listened, apart. */
function listeningOf({ intervals }: Statement["listening"]) {
  const blind = (state: string) => state === "gap" || state === "down";
  return {
    blind: intervals.filter(({ state }) => blind(state)),
    live: intervals.filter(({ state }) => !blind(state)),
  };
}

/** The filters of a search that say what it left out, in their order. */
function filtersOf({ filters, names }: Statement["searches"]["entries"][number]) {
  return Object.entries(filters).flatMap(([name, value]) => {
    const shown = name === "custodian" ? (names.custodian ?? value) : value;
    if (shown === undefined || shown === null) return [];
    return [{ name, values: Array.isArray(shown) ? shown : [shown] }];
  });
}

/** What was searched for a matter, and how much that proves: to be printed. */
export const statementPages = [
  page({
    method: "get",
    path: "/matters/:id/statement",
    action: "matter.read",
    params: z.object({ id: z.uuid() }),
    handle: async ({ api, params }) => {
      const made = await api.call("get", "/api/v1/matters/:id/statement", { params, response: statement });
      const { blindSeconds } = made.listening;
      return view("matters/statement", {
        ...made,
        listening: { ...made.listening, ...listeningOf(made.listening) },
        searches: {
          ...made.searches,
          entries: made.searches.entries.map((one) => ({ ...one, narrowed: filtersOf(one) })),
        },
        hours: Math.floor(blindSeconds / HOUR_S),
        minutes: Math.ceil((blindSeconds % HOUR_S) / MINUTE_S),
        excluding: made.rules.entries.filter(({ effect }) => effect === "exclude").length,
        floors: made.searches.entries.filter(({ totalIsExact }) => !totalIsExact).length,
        whole: [made.searches, made.accounts, made.posts, made.rules, made.disposals].every(
          (part) => part.whole,
        ),
      });
    },
  }),
];
