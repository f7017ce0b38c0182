import { z } from "zod";
import type { ApiClient } from "@daybook/runtime";
import { dateFields, dayIn, givenDay, requireDay } from "../date-input.ts";
import { instantOf } from "../format.ts";
import { page, redirect, view } from "../page.ts";
import { matter, type Regime, regimes } from "./matter-answers.ts";

const KINDS = ["foi", "sar", "inquiry", "audit"] as const;
const NATIONS = ["england-and-wales", "scotland", "northern-ireland"] as const;
const NO_REGIME = "none";
const kind = z.enum(KINDS);
const regimeName = z
  .string()
  .regex(/^[a-z0-9-]+$/)
  .max(40);
const DAY_WORDS = { missing: "matters:errors.day", wrong: "matters:errors.dayWrong" };

async function regimesOf(api: ApiClient, of: string): Promise<Regime[]> {
  const found = await api.call("get", "/api/v1/regimes", { response: regimes });
  return found.regimes.filter((one) => one.kind === of);
}

async function regimeNamed(api: ApiClient, of: string, id: string): Promise<Regime | undefined> {
  return (await regimesOf(api, of)).find((one) => one.id === id);
}

const details = z.object({ kind, regime: regimeName });

/** A matter is opened in three steps: what it is, by which law it runs, and when it came. */
export const newMatterPages = [
  page({
    method: "get",
    path: "/matters/new",
    action: "matter.open",
    handle: () => Promise.resolve(view("matters/new-kind", { kinds: KINDS, values: {} })),
  }),
  page({
    method: "post",
    path: "/matters/new",
    action: "matter.open",
    form: z.object({ kind: z.enum(KINDS, "matters:errors.kind") }),
    invalid: ({ form: { values, errors } }) =>
      Promise.resolve(view("matters/new-kind", { kinds: KINDS, values, errors })),
    handle: async ({ api, form }) => {
      const [only, ...others] = await regimesOf(api, form.kind);
      return redirect(
        others.length === 0 && only
          ? `/matters/new/details?kind=${form.kind}&regime=${only.id}`
          : `/matters/new/regime?kind=${form.kind}`,
      );
    },
  }),
  page({
    method: "get",
    path: "/matters/new/regime",
    action: "matter.open",
    query: z.object({ kind }),
    handle: async ({ api, query }) =>
      view("matters/new-regime", { regimes: await regimesOf(api, query.kind), kind: query.kind, values: {} }),
  }),
  page({
    method: "post",
    path: "/matters/new/regime",
    action: "matter.open",
    form: z.object({ kind, regime: z.string("matters:errors.regime").regex(/^[a-z0-9-]{1,40}$/) }),
    invalid: async ({ api, form: { values, errors } }) => {
      const of = kind.catch("foi").parse(values["kind"]);
      return view("matters/new-regime", { regimes: await regimesOf(api, of), kind: of, values, errors });
    },
    handle: ({ form }) =>
      Promise.resolve(redirect(`/matters/new/details?kind=${form.kind}&regime=${form.regime}`)),
  }),
  page({
    method: "get",
    path: "/matters/new/details",
    action: "matter.open",
    query: details,
    handle: async ({ api, query }) =>
      view("matters/new-details", {
        ...query,
        rule: await regimeNamed(api, query.kind, query.regime),
        nations: NATIONS,
        values: {},
      }),
  }),
  page({
    method: "post",
    path: "/matters/new/details",
    action: "matter.open",
    form: z
      .object({
        ...details.shape,
        ...dateFields("received"),
        time: z
          .string()
          .trim()
          .regex(/^$|^([01]?\d|2[0-3])[:.][0-5]\d$/, "matters:errors.time")
          .default(""),
        ...dateFields("due"),
        nation: z.enum(NATIONS).optional(),
        variant: regimeName.optional(),
        title: z.string().trim().min(1, "matters:errors.title").max(1_024, "matters:errors.titleLong"),
        reference: z.string().trim().max(200, "matters:errors.referenceLong").default(""),
      })
      .check(
        requireDay("received", { ...DAY_WORDS, missing: undefined }),
        requireDay("due", { ...DAY_WORDS, missing: undefined }),
        (payload) => {
          const { regime } = payload.value as { regime?: unknown };
          if (regime !== NO_REGIME && dayIn(payload.value, "received") === undefined)
            payload.issues.push({
              code: "custom",
              path: ["received-day"],
              message: "matters:errors.received",
              input: payload.value,
            });
        },
      ),
    invalid: async ({ api, form: { values, errors } }) => {
      const asked = details.catch({ kind: "foi", regime: NO_REGIME }).parse({
        kind: values["kind"],
        regime: values["regime"],
      });
      return view("matters/new-details", {
        ...asked,
        rule: await regimeNamed(api, asked.kind, asked.regime),
        nations: NATIONS,
        values,
        errors,
      });
    },
    handle: async ({ api, form }) => {
      const rule = await regimeNamed(api, form.kind, form.regime);
      const received = givenDay(form, "received");
      const due = givenDay(form, "due");
      const at = form.time === "" ? received : instantOf(received, form.time.replace(".", ":"));
      const opened = await api.call("post", "/api/v1/matters", {
        body: {
          title: form.title,
          kind: form.kind,
          ...(form.reference === "" ? {} : { reference: form.reference }),
          ...(due === "" ? {} : { due: instantOf(due, "23:59:59.999") }),
          ...(rule ? { regime: rule.id, receivedAt: rule.unit === "hours" ? at : received } : {}),
          ...(form.variant !== undefined && rule?.variants?.[form.variant] ? { variant: form.variant } : {}),
          ...(rule?.calendar === "nation" && form.nation ? { nation: form.nation } : {}),
        },
        response: matter,
      });
      return redirect(`/matters/${opened.id}`, "matters:done.opened");
    },
  }),
];
