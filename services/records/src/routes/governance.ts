import { network } from "@daybook/contract";
import { type Route, route } from "@daybook/runtime";
import { z } from "zod";
import type { Destruction } from "../destruction.ts";
import type { Disposals } from "../disposals.ts";
import { holdPredicate } from "../facts.ts";
import type { Holds } from "../holds.ts";
import { pageEnd, pageQuery } from "../paging.ts";
import type { PersonNames } from "../person-names.ts";
import type { Registry } from "../registry.ts";
import type { Searching } from "../searching/search.ts";
import { END_OF_DAY, instantOrDay, params, reason, recordId, START_OF_DAY } from "./fields.ts";
import { selectionQuery } from "./reading.ts";

const hold = z.object({
  id: z.uuid(),
  matter: z.uuid(),
  reason: z.string(),
  predicate: holdPredicate,
  placedBy: z.string(),
  placedAt: z.string(),
  releasedAt: z.string().nullable(),
  release: z
    .object({ id: z.uuid(), reason: z.string(), proposedBy: z.string(), proposedAt: z.string() })
    .nullable(),
});

const disposal = z.object({
  id: z.uuid(),
  state: z.enum(["proposed", "approved", "rejected", "executing", "done"]),
  ids: z.array(z.string()).readonly(),
  digest: z.string().describe("SHA-256 of the sorted ids, each with a line feed"),
  reason: z.string(),
  authority: z.string(),
  proposedBy: z.string(),
  proposedAt: z.string(),
  decidedBy: z.string().nullable(),
  decidedAt: z.string().nullable(),
  destroyed: z.array(z.string()).readonly(),
  excluded: z.array(z.object({ id: z.string(), why: z.string() })).readonly(),
  files: z.array(z.string()).readonly().describe("Notices of imported files whose key went too"),
  exports: z.array(z.string()).readonly().describe("Exports that hold some of it"),
  unreadableFrom: z.string().nullable(),
  bytesGoneFrom: z.string().nullable(),
  doneAt: z.string().nullable(),
  certificate: z.string().nullable().describe("The audit record that certifies it"),
});

/** Names of the persons and custodians that it names by id. */
const names = z.record(z.string(), z.string());

export function holdRoutes(of: { holds: Holds; registry: Registry; personNames: PersonNames }): Route[] {
  const { holds, registry, personNames } = of;
  return [
    route({
      method: "get",
      path: "/api/v1/holds",
      action: "hold.read",
      summary: "Holds, newest first, released ones included",
      query: pageQuery,
      response: z.object({ holds: z.array(hold), ...pageEnd }),
      handle: async ({ query }) => {
        const { entries, next } = await holds.list(query);
        return { holds: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/holds/:id",
      action: "hold.read",
      summary: "One hold, and how many records it covers now",
      params,
      response: hold.extend({ covers: z.int(), names }),
      handle: async ({ params: { id } }) => {
        const found = await holds.get(id);
        const { custodian } = found.predicate;
        const whose = custodian === undefined ? undefined : await registry.custodian(custodian);
        const people = await personNames.of([found.placedBy, found.release?.proposedBy ?? null]);
        return {
          ...found,
          covers: await holds.covered(found),
          names: { ...Object.fromEntries(people), ...(whose ? { [whose.id]: whose.name } : {}) },
        };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/holds",
      action: "hold.propose",
      summary: "Place a hold: what fits everything given is not disposed of",
      status: 201,
      body: z.object({
        matter: z.uuid(),
        reason,
        custodian: z.string().min(1).max(512).optional().describe("Name or id"),
        network: network.optional(),
        conversation: holdPredicate.shape.conversation,
        from: instantOrDay(START_OF_DAY).optional(),
        to: instantOrDay(END_OF_DAY).optional(),
        kinds: holdPredicate.shape.kinds,
        ids: holdPredicate.shape.ids,
      }),
      response: hold,
      handle: async ({ principal, body: { matter, reason: why, custodian, ...rest } }) => {
        const predicate = {
          ...rest,
          ...(custodian === undefined ? {} : { custodian: (await registry.find(custodian)).id }),
        };
        return holds.add({ matter, reason: why, predicate }, principal);
      },
    }),
    route({
      method: "post",
      path: "/api/v1/holds/:id/release",
      action: "hold.propose",
      summary: "Propose to release a hold",
      params,
      body: z.object({ reason }),
      response: hold,
      handle: ({ principal, params: { id }, body }) => holds.proposeRelease(id, body.reason, principal),
    }),
    route({
      method: "post",
      path: "/api/v1/holds/:id/release/approve",
      action: "hold.approve",
      summary: "Approve the release that another person proposed",
      params,
      response: hold,
      handle: ({ principal, params: { id } }) => holds.approveRelease(id, principal),
    }),
  ];
}

export function disposalRoutes(of: {
  disposals: Disposals;
  destruction: Destruction;
  searching: Searching;
  personNames: PersonNames;
}): Route[] {
  const { disposals, destruction, searching, personNames } = of;
  return [
    route({
      method: "get",
      path: "/api/v1/disposals",
      action: "disposal.read",
      summary: "Disposals, newest first, without their lists",
      query: pageQuery,
      response: z.object({
        disposals: z.array(
          disposal.omit({ ids: true, destroyed: true, excluded: true }).extend({ count: z.int() }),
        ),
        ...pageEnd,
      }),
      handle: async ({ query }) => {
        const { entries, next } = await disposals.list(query);
        return { disposals: entries, next };
      },
    }),
    route({
      method: "get",
      path: "/api/v1/disposals/:id",
      action: "disposal.read",
      summary: "One disposal, with its frozen list and what came of it",
      params,
      response: disposal.extend({ names }),
      handle: async ({ params: { id } }) => {
        const found = await disposals.get(id);
        const people = await personNames.of([found.proposedBy, found.decidedBy]);
        return { ...found, names: Object.fromEntries(people) };
      },
    }),
    route({
      method: "post",
      path: "/api/v1/disposals",
      action: "disposal.propose",
      summary: "Propose to destroy records: what the filters find now, or these ids",
      status: 201,
      maxBytes: 1024 * 1024,
      body: z.object({
        ...selectionQuery,
        ids: z.array(recordId).min(1).max(10_000).optional(),
        words: z.string().min(1).max(1_000).optional(),
        reason,
        authority: reason,
      }),
      response: disposal,
      handle: async ({ principal, body: { ids, words, reason: why, authority, ...selection } }) => {
        const { kinds, ...filters } = await searching.filters(selection);
        return disposals.propose(
          {
            ids,
            words,
            filters: selection.kind && kinds ? { ...filters, kinds } : filters,
            reason: why,
            authority,
          },
          principal,
        );
      },
    }),
    route({
      method: "post",
      path: "/api/v1/disposals/:id/approve",
      action: "disposal.approve",
      summary: "Approve the list that another person proposed",
      params,
      body: z.object({ digest: z.string().regex(/^[0-9a-f]{64}$/) }),
      response: disposal,
      handle: ({ principal, params: { id }, body }) => disposals.approve(id, body.digest, principal),
    }),
    route({
      method: "post",
      path: "/api/v1/disposals/:id/reject",
      action: "disposal.approve",
      summary: "Stop a disposal that has not begun",
      params,
      body: z.object({ reason }),
      response: disposal,
      handle: ({ principal, params: { id }, body }) => disposals.reject(id, body.reason, principal),
    }),
    route({
      method: "post",
      path: "/api/v1/disposals/:id/execute",
      action: "disposal.propose",
      summary: "Destroy the keys of what was approved, but for what is held now",
      params,
      response: disposal,
      handle: async ({ principal, params: { id } }) => {
        await destruction.execute(id, principal.id);
        return disposals.get(id);
      },
    }),
  ];
}
