import type { Response } from "express";
import { z } from "zod";
import { formatShortDay } from "../format.ts";
import { page } from "../page.ts";
import { params } from "../registry/registry-answers.ts";
import { createTexts } from "../texts.ts";
import { coverage, volumes } from "./health-answers.ts";
import { byDay } from "./health-pages.ts";
import { periodOf, periodQuery } from "./period.ts";

const STATES = ["live", "catching-up", "down", "unknown"] as const;
/** With the chart library, which takes longer to load than all the rest: not before somebody looks at a picture. */
export const charts = () => import("./charts.ts");
const texts = createTexts();

/** Pictures of figures that stand in tables on their pages: images without script, from here alone. */
export const picturePages = [
  page({
    method: "get",
    path: "/health/volumes.svg",
    action: "health.read",
    file: true,
    query: periodQuery.extend({ account: z.uuid().optional() }),
    handle: async ({ api, query }) => {
      const { from, to } = periodOf(query);
      const found = await api.call("get", "/api/v1/health/volumes", {
        query: { from, to, account: query.account },
        response: volumes,
      });
      const { networks, rows } = byDay(found.days);
      const { volumesChart } = await charts();
      const svg = volumesChart({
        days: rows.map(({ day }) => formatShortDay(day)),
        series: networks.map((network, i) => ({
          name: texts.text(`registry:choice.network.${network}`),
          values: rows.map(({ messages }) => messages[i] ?? 0),
        })),
      });
      return { send: (response) => sendSvg(response, svg) };
    },
  }),
  page({
    method: "get",
    path: "/health/accounts/:id/coverage.svg",
    action: "health.read",
    file: true,
    params,
    query: periodQuery,
    handle: async ({ api, params: { id }, query }) => {
      const { from, to } = periodOf(query);
      const { stretches } = await api.call("get", "/api/v1/health/coverage", {
        query: { account: id, from, to },
        response: coverage,
      });
      const { coverageChart } = await charts();
      const svg = coverageChart({
        stretches,
        states: STATES.map((state) => ({ state, name: texts.text(`health:state.${state}`) })),
        label: (at) => formatShortDay(new Date(at)),
      });
      return { send: (response) => sendSvg(response, svg) };
    },
  }),
];

/** Answers an SVG image. Nothing in it is run, and nothing is loaded by it. */
export function sendSvg(response: Response, svg: string): Promise<void> {
  response.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
  response.set("Cache-Control", "no-store");
  response.type("image/svg+xml").send(svg);
  return Promise.resolve();
}
