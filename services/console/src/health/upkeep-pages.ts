import { z } from "zod";
import { page, redirect, view } from "../page.ts";
import { log, parked } from "./health-answers.ts";

const MAX_CHOSEN = 200;
const offset = z.coerce.number().int().nonnegative();
const one = z.union([z.array(offset).min(1).max(MAX_CHOSEN), offset.transform((of) => [of])]);

/** What is to be seen to: events that were put aside, and checks of the logs. */
export const upkeepPages = [
  page({
    method: "get",
    path: "/health/parked",
    action: "parked.read",
    query: z.object({ cursor: z.coerce.number().int().nonnegative().optional() }),
    handle: async ({ api, query }) =>
      view("health/parked", {
        ...(await api.call("get", "/api/v1/health/parked", { query, response: parked })),
        first: query.cursor === undefined,
      }),
  }),
  page({
    method: "post",
    path: "/health/parked",
    action: "parked.replay",
    form: z.object({ event: one }),
    invalid: async ({ api, form: { errors } }) =>
      view("health/parked", {
        ...(await api.call("get", "/api/v1/health/parked", { response: parked })),
        first: true,
        errors: errors.map((error) => ({ ...error, field: "event", text: "health:parked.choose" })),
      }),
    handle: ({ form }) => Promise.resolve(view("health/replay", { chosen: form.event })),
  }),
  page({
    method: "post",
    path: "/health/parked/replay",
    action: "parked.replay",
    form: z.object({ event: one }),
    handle: async ({ api, form }) => {
      await api.call("post", "/api/v1/health/parked/replay", { body: { offsets: form.event } });
      return redirect("/health/parked", "health:parked.done");
    },
  }),
  page({
    method: "get",
    path: "/health/log",
    action: "health.read",
    handle: async ({ api }) =>
      view("health/log", await api.call("get", "/api/v1/health/log", { response: log })),
  }),
  page({
    method: "post",
    path: "/health/log/verify",
    action: "fsck.run",
    handle: async ({ api }) => {
      await api.call("post", "/api/v1/health/log/verify");
      return redirect("/health/log", "health:log.begun");
    },
  }),
];
