import { randomUUID } from "node:crypto";
import { ProblemError, type Route, route } from "@daybook/runtime";
import { z } from "zod";

/** A record as the API shows it, of which a test gives what it is about. */
export type MadeFinding = Readonly<Record<string, unknown>> & { readonly id: string };

/** What the fake archive holds, and what was asked of it. */
export interface SearchingApi {
  readonly routes: readonly Route[];
  readonly asked: { q: string; filters: Record<string, unknown> }[];
  readonly selection: Set<string>;
}

const MATTER = { params: z.object({ id: z.uuid() }) };
const any = z.any();

/**
 * The API's searches and selections over records in memory: a search finds all of them, two a page; words that begin
 * with a quotation mark that is not closed are refused.
 */
export function searchingApi(
  findings: readonly MadeFinding[],
  marks: readonly (readonly [number, number])[] = [],
): SearchingApi {
  const searches = new Map<string, object>();
  const asked: SearchingApi["asked"] = [];
  const selection = new Set<string>();
  const shown = ({ text, ...finding }: MadeFinding) => ({
    kind: "message",
    network: "whatsapp",
    provenance: "captured",
    custodian: null,
    conversation: null,
    sender: null,
    at: "2026-03-04T15:04:05.000Z",
    localTime: false,
    gap: null,
    attachments: [],
    text: text === undefined ? null : { text, before: false, after: false, marks },
    ...finding,
    selected: selection.has(finding.id),
  });
  const found = (search: string) => {
    const one = searches.get(search);
    if (!one) throw new ProblemError(404, "not-found", "no such search was made under that matter");
    return one;
  };
  const byValue = (name: "network" | "kind") => {
    const values = findings.map((finding) => shown(finding)[name]);
    return [...new Set(values)].map((value) => ({
      value,
      hits: values.filter((one) => one === value).length,
    }));
  };
  const counts = { network: byValue("network"), kind: byValue("kind") };
  const page = <Entry>(all: readonly Entry[], cursor: string | undefined) => {
    const from = Number(cursor ?? 0);
    return { entries: all.slice(from, from + 2), next: from + 2 < all.length ? String(from + 2) : null };
  };
  const query = z.object({ cursor: z.string().optional(), limit: z.coerce.number().optional() });
  const one = { params: z.object({ id: z.uuid(), search: z.uuid() }), response: any };
  const summary = "fake";
  return {
    asked,
    selection,
    routes: [
      route({
        method: "post",
        path: "/api/v1/matters/:id/searches",
        action: "search",
        summary,
        ...MATTER,
        body: z.object({ q: z.string(), filters: z.record(z.string(), z.any()) }),
        response: any,
        handle: ({ body }) => {
          if (/^"\w*$/.test(body.q))
            throw new ProblemError(400, "bad-query", "a quotation mark is not closed");
          asked.push(body);
          const made = {
            ...body,
            id: randomUUID(),
            by: { id: "p1", name: "Ailsa Craig" },
            at: "2026-03-10T12:00:00.000Z",
            names:
              body.filters["custodian"] === undefined
                ? {}
                : { custodian: body.filters["custodian"] as string },
            total: findings.length,
            totalIsExact: findings.length < 5,
          };
          searches.set(made.id, made);
          return Promise.resolve(made);
        },
      }),
      route({
        method: "get",
        path: "/api/v1/matters/:id/searches",
        action: "matter.read",
        summary,
        ...MATTER,
        query,
        response: any,
        handle: () => Promise.resolve({ searches: [...searches.values()].reverse(), next: null }),
      }),
      route({
        method: "get",
        path: "/api/v1/matters/:id/searches/:search",
        action: "matter.read",
        summary,
        ...one,
        handle: ({ params }) => Promise.resolve(found(params.search)),
      }),
      route({
        method: "get",
        path: "/api/v1/matters/:id/searches/:search/results",
        action: "search",
        summary,
        ...one,
        query,
        handle: ({ params, query: { cursor } }) => {
          found(params.search);
          const { entries, next } = page(findings, cursor);
          return Promise.resolve({
            total: findings.length,
            totalIsExact: findings.length < 5,
            counts: cursor === undefined ? counts : null,
            results: entries.map(shown),
            unconfirmed: [],
            next,
          });
        },
      }),
      route({
        method: "post",
        path: "/api/v1/matters/:id/selection",
        action: "selection.change",
        summary,
        ...MATTER,
        body: z.object({
          ids: z.array(z.string()).optional(),
          search: z.uuid().optional(),
          conversation: z.string().optional(),
          day: z.string().optional(),
          why: z.string().optional(),
        }),
        handle: ({ body }) => {
          const of = findings.filter(
            ({ id, conversation }) =>
              body.search !== undefined ||
              body.ids?.includes(id) === true ||
              (body.conversation !== undefined &&
                (conversation as { key: string }).key === body.conversation),
          );
          for (const { id } of of) selection.add(id);
          return Promise.resolve(undefined);
        },
      }),
      route({
        method: "post",
        path: "/api/v1/matters/:id/selection/remove",
        action: "selection.change",
        summary,
        ...MATTER,
        body: z.object({ ids: z.array(z.string()), why: z.string().optional() }),
        handle: ({ body }) => {
          for (const id of body.ids) selection.delete(id);
          return Promise.resolve(undefined);
        },
      }),
      route({
        method: "post",
        path: "/api/v1/matters/:id/selection/clear",
        action: "selection.change",
        summary,
        ...MATTER,
        body: z.object({}),
        handle: () => {
          selection.clear();
          return Promise.resolve(undefined);
        },
      }),
      route({
        method: "get",
        path: "/api/v1/matters/:id/selection/count",
        action: "matter.read",
        summary,
        ...MATTER,
        response: any,
        handle: () => Promise.resolve({ total: selection.size }),
      }),
      route({
        method: "get",
        path: "/api/v1/matters/:id/selection",
        action: "record.view",
        summary,
        ...MATTER,
        query,
        response: any,
        handle: ({ query: { cursor } }) => {
          const all = findings.filter(({ id }) => selection.has(id));
          const { entries, next } = page(all, cursor);
          return Promise.resolve({
            total: all.length,
            entries: entries.map((finding) => ({
              record: finding.id,
              addedAt: "2026-03-10T12:00:00.000Z",
              finding: finding["gone"] === true ? null : shown(finding),
            })),
            next,
          });
        },
      }),
    ],
  };
}
