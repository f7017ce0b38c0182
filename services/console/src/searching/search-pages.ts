import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { paperOf } from "../matters/paper.ts";
import { type Answer, type FieldError, page, redirect, view } from "../page.ts";
import { chosenRecords, requireChosen } from "./chosen.ts";
import { countsShown } from "./counts-shown.ts";
import { pagerOf, type Place, placeQuery, sameplace } from "./pager.ts";
import { counted, type Filters, results, type Saved, saved, savedList } from "./search-answers.ts";
import { askedBy, ATTACHMENTS, KINDS, NETWORKS, searchForm, valuesOf } from "./search-form.ts";
import { shownOf } from "./shown.ts";

const LOG_PAGE = 50;

const params = z.object({ id: z.uuid() });
const searchParams = params.extend({ search: z.uuid() });
const CHOICES = { networks: NETWORKS, kinds: KINDS, attachments: ATTACHMENTS };

const madeBefore = (api: ApiClient, of: z.output<typeof searchParams>): Promise<Saved> =>
  api.call("get", "/api/v1/matters/:id/searches/:search", { params: of, response: saved });

async function make(api: ApiClient, matter: string, asked: { q: string; filters: Filters }): Promise<string> {
  const { id } = await api.call("post", "/api/v1/matters/:id/searches", {
    params: { id: matter },
    body: asked,
    response: saved,
  });
  return `/matters/${matter}/searches/${id}`;
}

/** The form. Its filters are open when one is set, or wrong. */
function searchView(
  matter: string,
  values: Readonly<Record<string, unknown>>,
  errors: readonly FieldError[] = [],
): Answer {
  const isSet = ([name, value]: [string, unknown]) => name !== "q" && value !== "" && value !== undefined;
  const filtersOpen = Object.entries(values).some(isSet) || errors.some(({ field }) => field !== "q");
  return view("searching/search", { matter, values, errors, filtersOpen, ...CHOICES });
}

/** What is searched by, in the order in which it is told, each as the part of the filters that it is. */
function tagsOf({ filters, names }: Saved) {
  return (Object.entries(filters) as [keyof Filters, string | string[] | undefined][]).flatMap(
    ([name, value]) =>
      value === undefined
        ? []
        : [
            {
              name,
              values: Array.isArray(value) ? value : [name in names ? (names as Filters)[name] : value],
            },
          ],
  );
}

/** @param errors of the form on the page, when it is shown again */
async function resultsView(
  api: ApiClient,
  of: z.output<typeof searchParams>,
  place: Place,
  errors: readonly FieldError[] = [],
): Promise<Answer> {
  const made = await madeBefore(api, of);
  const [found, { total: selected }] = await Promise.all([
    api.call("get", "/api/v1/matters/:id/searches/:search/results", {
      params: of,
      query: { cursor: place.cursor },
      response: results,
    }),
    api.call("get", "/api/v1/matters/:id/selection/count", { params: { id: of.id }, response: counted }),
  ]);
  const path = `/matters/${of.id}/searches/${of.search}`;
  return view("searching/results", {
    matter: of.id,
    made,
    tags: tagsOf(made),
    found: { ...found, results: found.results.map(shownOf) },
    counts: countsShown(found, made.filters),
    selected,
    place,
    path,
    choosable: found.results.find((one) => !one.selected)?.id,
    errors,
    pager: pagerOf(path, place, found.next),
  });
}

/** Searching under a matter: what is asked is sent as a form, so that no address or title ever says it. */
export const searchPages = [
  page({
    method: "get",
    path: "/matters/:id/search",
    action: "search",
    params,
    query: z.object({ again: z.uuid().optional() }),
    handle: async ({ api, params: { id }, query: { again } }) => {
      const values = again === undefined ? {} : valuesOf(await madeBefore(api, { id, search: again }));
      return searchView(id, values);
    },
  }),
  page({
    method: "post",
    path: "/matters/:id/searches",
    action: "search",
    params,
    form: searchForm,
    invalid: ({ params: { id }, form: { values, errors } }) =>
      Promise.resolve(searchView(id, values, errors)),
    handle: async ({ api, params: { id }, form }) => redirect(await make(api, id, askedBy(form))),
  }),
  page({
    method: "post",
    path: "/matters/:id/searches/:search/without",
    action: "search",
    params: searchParams,
    form: z.object({
      without: z
        .string()
        .regex(/^[a-z]+$/)
        .max(20),
    }),
    handle: async ({ api, params: of, form: { without } }) => {
      const { q, filters } = await madeBefore(api, of);
      const rest = Object.entries(filters).filter(([name]) => name !== without);
      return redirect(await make(api, of.id, { q, filters: Object.fromEntries(rest) }));
    },
  }),
  page({
    method: "post",
    path: "/matters/:id/searches/:search/only",
    action: "search",
    params: searchParams,
    form: z.object({ only: z.string().regex(/^(network|kind):[a-z]{1,20}$/) }),
    handle: async ({ api, params: of, form: { only } }) => {
      const { q, filters } = await madeBefore(api, of);
      const [name = "", value] = only.split(":");
      return redirect(await make(api, of.id, { q, filters: { ...filters, [name]: [value] } }));
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/searches/:search",
    action: "search",
    params: searchParams,
    query: z.object(placeQuery),
    handle: ({ api, params: of, query: place }) => resultsView(api, of, place),
  }),
  page({
    method: "post",
    path: "/matters/:id/searches/:search/selection",
    action: "selection.change",
    params: searchParams,
    form: z
      .object({
        add: z.string().regex(/^(chosen|all|conversation:-?\d{1,19}|day:-?\d{1,19}:\d{4}-\d\d-\d\d)$/),
        record: chosenRecords,
        ...placeQuery,
      })
      .check(requireChosen(({ add }) => add === "chosen")),
    invalid: ({ api, params: of, form: { values, errors } }) =>
      resultsView(api, of, z.object(placeQuery).catch({ back: "" }).parse(values), errors),
    handle: async ({ api, params: of, form: { add, record, ...place } }) => {
      const [what, conversation, day] = add.split(":");
      await api.call("post", "/api/v1/matters/:id/selection", {
        params: { id: of.id },
        body:
          what === "chosen"
            ? { ids: record, why: `search ${of.search}` }
            : what === "all"
              ? { search: of.search }
              : { conversation, ...(day === undefined ? {} : { day }) },
      });
      const back = sameplace(`/matters/${of.id}/searches/${of.search}`, place);
      return redirect(back, `searching:done.${what ?? ""}`);
    },
  }),
  page({
    method: "post",
    path: "/matters/:id/searches/:search/selection/remove",
    action: "selection.change",
    params: searchParams,
    form: z.object({ out: z.string().regex(/^[0-9a-f]{32}$/), ...placeQuery }),
    handle: async ({ api, params: of, form: { out, ...place } }) => {
      await api.call("post", "/api/v1/matters/:id/selection/remove", {
        params: { id: of.id },
        body: { ids: [out], why: `search ${of.search}` },
      });
      const back = sameplace(`/matters/${of.id}/searches/${of.search}`, place);
      return redirect(`${back}#f${out}`, "searching:done.out");
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/searches",
    action: "matter.read",
    params,
    query: z.object(placeQuery),
    handle: async ({ api, params: { id }, query: place }) => {
      const [found, paper] = await Promise.all([
        api.call("get", "/api/v1/matters/:id/searches", {
          params: { id },
          query: { limit: LOG_PAGE, cursor: place.cursor },
          response: savedList,
        }),
        paperOf(api, id),
      ]);
      return view("searching/log", {
        matter: id,
        paper,
        searches: found.searches.map((one) => ({ ...one, tags: tagsOf(one) })),
        pager: pagerOf(`/matters/${id}/searches`, place, found.next),
      });
    },
  }),
];
