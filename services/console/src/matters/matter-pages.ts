import { z } from "zod";
import type { ApiClient } from "@daybook/runtime";
import { page, redirect, view } from "../page.ts";
import { type Clock, clock, history, type Matter, matter } from "./matter-answers.ts";

const PAGE = 25;
const params = z.object({ id: z.uuid() });

async function shown(api: ApiClient, id: string, cursor?: string) {
  const found = await api.call("get", "/api/v1/matters/:id", { params: { id }, response: matter });
  const explained = found.regime === null ? undefined : await clockOf(api, id);
  const events = await api.call("get", "/api/v1/matters/:id/history", {
    params: { id },
    query: { limit: PAGE, cursor },
    response: history,
  });
  return {
    matter: found,
    clock: explained,
    history: events.history,
    next: events.next,
    first: cursor === undefined,
    acts: actsFor(found, explained),
  };
}

function clockOf(api: ApiClient, id: string): Promise<Clock> {
  return api.call("get", "/api/v1/matters/:id/clock", { params: { id }, response: clock });
}

/** What can be done next, in the order in which it is likely. */
function actsFor(found: Matter, of: Clock | undefined): string[] {
  const { closedAt, answeredOn, waitsFor } = found;
  if (closedAt !== null) return [];
  if (answeredOn !== null) return ["assign", ...reviewActs(found, of), "close"];
  return ["assign", ...(of ? movesFor(of, waitsFor) : []), "answer", ...reviewActs(found, of), "close"];
}

/** What can be done with a review: it is asked for of an answer, or where none came in time. */
function reviewActs({ review, answeredOn, state }: Matter, of: Clock | undefined): string[] {
  if (!of?.review) return [];
  if (review !== null) return review.answeredOn === null ? ["answer-review"] : [];
  return answeredOn !== null || state === "overdue" ? ["ask-review"] : [];
}

/** What moves a clock, as its regime knows it. */
function movesFor({ regime, kept }: Clock, waitsFor: string | null): string[] {
  if (waitsFor !== null) return [waitsFor === "fee" ? "fee" : "clarify"];
  const { clarification, feeStops, extension } = regime;
  const again = extension?.to === "by-letter" || !kept.extended;
  return [
    ...(clarification === undefined ? [] : ["clarify"]),
    ...(feeStops ? ["fee"] : []),
    ...(extension && again ? ["extend"] : []),
  ];
}

/** One matter: where it stands, what happened to it, and what can be done with it. */
export const matterPages = [
  page({
    method: "get",
    path: "/matters/:id",
    action: "matter.read",
    params,
    query: z.object({ cursor: z.string().max(256).optional() }),
    handle: async ({ api, params: { id }, query }) =>
      view("matters/matter", { ...(await shown(api, id, query.cursor)), values: {} }),
  }),
  page({
    method: "post",
    path: "/matters/:id/notes",
    action: "matter.change",
    params,
    form: z.object({
      text: z.string().trim().min(1, "matters:errors.note").max(10_000, "matters:errors.noteLong"),
    }),
    invalid: async ({ api, params: { id }, form: { values, errors } }) =>
      view("matters/matter", { ...(await shown(api, id)), values, errors }),
    handle: async ({ api, params: { id }, form }) => {
      await api.call("post", "/api/v1/matters/:id/notes", { params: { id }, body: { text: form.text } });
      return redirect(`/matters/${id}`, "matters:done.note");
    },
  }),
];
