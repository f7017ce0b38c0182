import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { paperOf } from "../matters/paper.ts";
import { type Answer, type FieldError, page, redirect, view } from "../page.ts";
import { chosenRecords, requireChosen } from "./chosen.ts";
import { pagerOf, type Place, placeQuery } from "./pager.ts";
import { counted, selected } from "./search-answers.ts";
import { shownOf } from "./shown.ts";

const PAGE = 50;
const params = z.object({ id: z.uuid() });

/** @param errors of the form on the page, when it is shown again */
async function selectionView(
  api: ApiClient,
  id: string,
  place: Place,
  errors: readonly FieldError[] = [],
): Promise<Answer> {
  const [found, paper] = await Promise.all([
    api.call("get", "/api/v1/matters/:id/selection", {
      params: { id },
      query: { limit: PAGE, cursor: place.cursor },
      response: selected,
    }),
    paperOf(api, id),
  ]);
  return view("searching/selection", {
    matter: id,
    paper,
    total: found.total,
    entries: found.entries.map(({ finding, ...entry }) => ({
      ...entry,
      // That it is selected is what the page says.
      finding: finding && { ...shownOf(finding), selected: false },
    })),
    place,
    errors,
    pager: pagerOf(`/matters/${id}/selection`, place, found.next),
  });
}

/** What was picked out under a matter, to be exported. */
export const selectionPages = [
  page({
    method: "get",
    path: "/matters/:id/selection",
    action: "record.view",
    params,
    query: z.object(placeQuery),
    handle: ({ api, params: { id }, query: place }) => selectionView(api, id, place),
  }),
  page({
    method: "post",
    path: "/matters/:id/selection/remove",
    action: "selection.change",
    params,
    form: z.object({ record: chosenRecords, ...placeQuery }).check(requireChosen(() => true)),
    invalid: ({ api, params, form: { values, errors } }) =>
      selectionView(api, params.id, z.object(placeQuery).catch({ back: "" }).parse(values), errors),
    handle: async ({ api, params: { id }, form: { record } }) => {
      await api.call("post", "/api/v1/matters/:id/selection/remove", {
        params: { id },
        body: { ids: record },
      });
      return redirect(`/matters/${id}/selection`, "searching:done.removed");
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/selection/clear",
    action: "selection.change",
    params,
    handle: async ({ api, params: { id } }) =>
      view("searching/clear", {
        matter: id,
        ...(await api.call("get", "/api/v1/matters/:id/selection/count", {
          params: { id },
          response: counted,
        })),
      }),
  }),
  page({
    method: "post",
    path: "/matters/:id/selection/clear",
    action: "selection.change",
    params,
    form: z.object({}),
    handle: async ({ api, params: { id } }) => {
      await api.call("post", "/api/v1/matters/:id/selection/clear", { params: { id }, body: {} });
      return redirect(`/matters/${id}/selection`, "searching:done.cleared");
    },
  }),
];
