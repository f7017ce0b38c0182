import type { Route } from "@daybook/runtime";
import { MatterLife } from "./matter-life.ts";
import { matterLifeRoutes } from "./matter-life-routes.ts";
import { matterRoutes } from "./matter-routes.ts";
import { Matters, type MattersOptions } from "./matters.ts";
import { Reviews } from "./reviews.ts";

/** Matters, what happens to them, and their reviews. */
export function matterArea(of: MattersOptions): { readonly matters: Matters; readonly routes: Route[] } {
  const matters = new Matters(of);
  const life = new MatterLife({ ...of, matters });
  const reviews = new Reviews({ ...of, matters });
  return { matters, routes: [...matterRoutes({ matters, life }), ...matterLifeRoutes({ life, reviews })] };
}
