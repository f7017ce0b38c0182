import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import { pageEnd, pageQuery } from "../paging.ts";
import { params, reason } from "../routes/fields.ts";
import { custodianRef, name, span, when } from "./fields.ts";
import { type Holdings, requireOrder } from "./holdings.ts";
import { holdingKind, postDetail, postGroup } from "./post-facts.ts";
import type { Posts } from "./posts.ts";

const post = z.object({ ...postDetail.shape, id: z.uuid(), addedAt: z.string() });
const holder = z.object({ holding: z.uuid(), custodian: custodianRef, kind: holdingKind, ...span });
export const held = holder.extend({
  post: z.object({ id: z.uuid(), title: z.string() }),
  basis: z.string().nullable(),
});

/** Posts, and who holds them when. */
export function postRoutes({
  posts,
  holdings,
  zone,
  now,
}: {
  posts: Posts;
  holdings: Holdings;
  zone: string;
  now: () => Date;
}): Route[] {
  const at = when(zone);
  const basis = z.string().trim().min(1).max(1_024).nullable();
  return [
    route({
      method: "get",
      path: "/api/v1/posts",
      action: "post.read",
      summary: "Posts, in the order they were added",
      query: pageQuery,
      response: z.object({ posts: z.array(post), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await posts.list(query);
        return { posts: entries, next };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/posts",
      action: "post.manage",
      summary: "Add a post",
      status: 201,
      body: z.object({
        title: name,
        unit: name.nullable().default(null),
        group: postGroup.default("staff"),
        capstone: z.boolean().default(false).describe("Everything of this post is kept for good"),
        reason,
      }),
      response: post,
      handle: ({ principal, body: { reason: why, ...detail } }) => posts.add(detail, why, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/posts/:id",
      action: "post.read",
      summary: "A post, and who held it when",
      params,
      response: post.extend({ holdings: z.array(held) }),
      handle: async ({ params: { id } }) => ({
        ...(await posts.get(id)),
        holdings: await posts.holdings({ post: id }),
      }),
    }),
    route({
      method: "post",
      path: "/api/v1/posts/:id",
      action: "post.manage",
      summary: "Change what is said of a post",
      params,
      body: z.object({
        title: name.optional(),
        unit: name.nullable().optional(),
        group: postGroup.optional(),
        capstone: z.boolean().optional(),
        reason,
      }),
      response: post,
      handle: ({ principal, params: { id }, body: { reason: why, ...to } }) =>
        posts.change(id, given(to), why, principal.id),
    }),
    route({
      method: "get",
      path: "/api/v1/posts/:id/holders",
      action: "post.read",
      summary: "Who held a post, at an instant or within an interval; now, unless it is said",
      params,
      query: z.object({ at: at.optional(), from: at.optional(), to: at.optional() }),
      response: z.object({ holders: z.array(holder) }),
      handle: async ({ params: { id }, query }) => {
        await posts.get(id);
        const instant = query.at ?? now().toISOString();
        const within =
          query.from === undefined
            ? { from: instant, to: after(instant) }
            : { from: query.from, to: query.to ?? null };
        requireOrder(within);
        return { holders: await posts.holders(id, within) };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/posts/:id/holdings",
      action: "post.manage",
      summary: "Somebody takes up a post; a day is a day where the body is",
      status: 201,
      params,
      body: z.object({
        custodian: name.describe("Name or id"),
        from: at,
        to: at.nullable().default(null).describe("Exclusive; until further notice, if absent"),
        kind: holdingKind.default("substantive"),
        basis: basis.default(null).describe("The letter or announcement by which they hold it"),
        reason,
      }),
      response: held,
      handle: ({ principal, params: { id }, body: { reason: why, ...of } }) =>
        holdings.add(id, of, why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/holdings/:id/end",
      action: "post.manage",
      summary: "Somebody leaves a post",
      params,
      body: z.object({ to: at.describe("Exclusive"), reason }),
      response: held,
      handle: ({ principal, params: { id }, body: { to, reason: why } }) =>
        holdings.end(id, to, why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/holdings/:id/correct",
      action: "post.manage",
      summary: "Correct what was said of a holding: a second fact, beside the first",
      params,
      body: z.object({
        from: at.optional(),
        to: at.nullable().optional(),
        kind: holdingKind.optional(),
        basis: basis.optional(),
        reason,
      }),
      response: held,
      handle: ({ principal, params: { id }, body: { reason: why, ...to } }) =>
        holdings.correct(id, given(to), why, principal.id),
    }),
    route({
      method: "post",
      path: "/api/v1/holdings/:id/void",
      action: "post.manage",
      summary: "A holding never was",
      params,
      body: z.object({ reason }),
      handle: async ({ principal, params: { id }, body }) => {
        await holdings.void(id, body.reason, principal.id);
        return undefined;
      },
    }),
  ];
}

/** What is there of an object whose absent values are undefined. */
export function given<T extends object>(of: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function after(instant: string): string {
  return new Date(Date.parse(instant) + 1).toISOString();
}
