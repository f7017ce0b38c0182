import { z } from "zod";
import { page, view } from "../page.ts";
import { matterList } from "./matter-answers.ts";

const PAGE = 50;
const WHICH = ["open", "mine", "closed"] as const;

/** The matters that somebody sees, those that are late first. */
export const matterListPages = [
  page({
    method: "get",
    path: "/matters",
    action: "matter.list",
    query: z.object({ show: z.enum(WHICH).default("open"), cursor: z.string().max(256).optional() }),
    handle: async ({ api, query: { show, cursor } }) => {
      const found = await api.call("get", "/api/v1/matters", {
        query: {
          state: show === "closed" ? "closed" : "open",
          ...(show === "mine" ? { mine: true } : {}),
          order: show === "closed" ? "newest" : "due",
          limit: PAGE,
          cursor,
        },
        response: matterList,
      });
      return view("matters/list", { ...found, show, which: WHICH, first: cursor === undefined });
    },
  }),
];
