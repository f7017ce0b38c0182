import { today } from "../format.ts";
import { page, view } from "../page.ts";
import { partsFor } from "./home-parts.ts";

/** Where everybody begins: what needs doing today. */
export const homePages = [
  page({
    method: "get",
    path: "/",
    action: "self.read",
    handle: async ({ api, principal }) => {
      const day = today();
      return view("home/home", { parts: await partsFor(api, principal, day), today: day });
    },
  }),
];
