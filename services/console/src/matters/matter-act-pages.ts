import { z } from "zod";
import type { ApiClient } from "@daybook/runtime";
import { dateFields, givenDay, requireDay } from "../date-input.ts";
import { today } from "../format.ts";
import { type Page, page, redirect, view } from "../page.ts";
import { assignees, clock, type Matter, matter, regimes } from "./matter-answers.ts";

const OUTCOMES = [
  "disclosed",
  "partly-disclosed",
  "withheld",
  "not-held",
  "refused",
  "withdrawn",
  "transferred",
  "other",
] as const;

const REVIEW_OUTCOMES = ["confirmed", "modified", "substituted", "decided", "withdrawn"] as const;

const params = z.object({ id: z.uuid() });
const on = dateFields("on");
const happened = requireDay("on", { missing: "matters:errors.day", wrong: "matters:errors.dayWrong" });
const note = z.string().trim().max(10_000, "matters:errors.noteLong").default("");
const outcome = z.enum(OUTCOMES, "matters:errors.outcome");

const byWhat = <What extends string>(what: readonly [What, What]) =>
  z.object({ what: z.enum(what), ...on, note }).check(happened);
const dated = (form: Readonly<Record<string, string>> & { note: string }) => ({
  on: givenDay(form, "on"),
  ...(form.note === "" ? {} : { note: form.note }),
});

/** Everything that an act's form is drawn with. */
async function shown(api: ApiClient, id: string, act: string): Promise<Readonly<Record<string, unknown>>> {
  const found = await api.call("get", "/api/v1/matters/:id", { params: { id }, response: matter });
  return {
    act,
    matter: found,
    outcomes: act === "answer-review" ? REVIEW_OUTCOMES : OUTCOMES,
    what: whatNext(act, found),
    today: today(),
    ...(await more(api, act, found)),
  };
}

/** Of what stops a clock, whether it begins or ends. */
function whatNext(act: string, { waitsFor }: Matter): string {
  if (act === "clarify") return waitsFor === "clarification" ? "answered" : "asked";
  return waitsFor === "fee" ? "paid" : "asked";
}

async function more(api: ApiClient, act: string, { id, regime }: Matter): Promise<Record<string, unknown>> {
  if (act === "assign") return api.call("get", "/api/v1/assignees", { response: assignees });
  if (["close", "ask-review"].includes(act) && regime !== null)
    return { clock: await api.call("get", "/api/v1/matters/:id/clock", { params: { id }, response: clock }) };
  if (act !== "extend") return {};
  const known = await api.call("get", "/api/v1/regimes", { response: regimes });
  return { rule: known.regimes.find(({ id }) => id === regime) };
}

/** The form of something that is done to a matter, and its post. */
function act<Form extends z.ZodObject>(
  name: string,
  form: Form,
  send: (api: ApiClient, id: string, given: z.output<Form>) => Promise<unknown>,
  action: "matter.change" | "matter.close" = "matter.change",
): Page[] {
  const path = `/matters/:id/${name}`;
  return [
    page({
      method: "get",
      path,
      action,
      params,
      handle: async ({ api, params: { id } }) =>
        view("matters/act", { ...(await shown(api, id, name)), values: {} }),
    }),
    page({
      method: "post",
      path,
      action,
      params,
      form,
      invalid: async ({ api, params: { id }, form: { values, errors } }) =>
        view("matters/act", { ...(await shown(api, id, name)), values, errors }),
      handle: async ({ api, params: { id }, form: given }) => {
        await send(api, id, given as z.output<Form>);
        return redirect(`/matters/${id}`, `matters:done.${name}`);
      },
    }),
  ];
}

function post(api: ApiClient, what: string, id: string, body: object): Promise<unknown> {
  return api.call("post", `/api/v1/matters/:id/${what}`, { params: { id }, body });
}

/** What is done to a matter: each a form of its own, with what it changes said before it is sent. */
export const matterActPages: readonly Page[] = [
  ...act("assign", z.object({ person: z.string().max(128).default("") }), (api, id, { person }) =>
    post(api, "assign", id, { person: person === "" ? null : person }),
  ),
  ...act("clarify", byWhat(["asked", "answered"]), (api, id, form) =>
    post(api, "clarify", id, { what: form.what, ...dated(form) }),
  ),
  ...act("fee", byWhat(["asked", "paid"]), (api, id, form) =>
    post(api, "fee", id, { what: form.what, ...dated(form) }),
  ),
  ...act(
    "extend",
    z
      .object({
        ...on,
        ...dateFields("to"),
        reason: z.string().trim().min(1, "matters:errors.reason").max(2_000, "matters:errors.reasonLong"),
      })
      .check(happened, requireDay("to", { missing: undefined, wrong: "matters:errors.dayWrong" })),
    (api, id, form) => {
      const to = givenDay(form, "to");
      return post(api, "extend", id, {
        on: givenDay(form, "on"),
        reason: form.reason,
        ...(to === "" ? {} : { to }),
      });
    },
  ),
  ...act("answer", z.object({ ...on, outcome, note }).check(happened), (api, id, form) =>
    post(api, "answer", id, { outcome: form.outcome, ...dated(form) }),
  ),
  ...act("ask-review", z.object({ ...on, note }).check(happened), (api, id, form) =>
    post(api, "ask-review", id, dated(form)),
  ),
  ...act(
    "answer-review",
    z
      .object({ ...on, outcome: z.enum(REVIEW_OUTCOMES, "matters:errors.reviewOutcome"), note })
      .check(happened),
    (api, id, form) => post(api, "answer-review", id, { outcome: form.outcome, ...dated(form) }),
  ),
  ...act(
    "close",
    z.object({ outcome: outcome.optional() }),
    (api, id, form) =>
      api.call("post", "/api/v1/matters/:id/close", { params: { id }, query: { outcome: form.outcome } }),
    "matter.close",
  ),
];
