import { z } from "zod";
import { ProblemError, type ApiClient } from "@daybook/runtime";
import { dateFields, givenDay, requireDay } from "../date-input.ts";
import { page, redirect, view } from "../page.ts";

const DIVISIONS = ["england-and-wales", "scotland", "northern-ireland"] as const;
const MAX_FILE_BYTES = 1024 * 1024;
const PAGE = 50;

const version = z.object({
  id: z.string(),
  number: z.number(),
  kind: z.string(),
  source: z.string(),
  day: z.string().nullable(),
  divisions: z.array(z.string()).nullable(),
  knownTo: z.number(),
  addedAt: z.string(),
});
const holiday = z.object({ title: z.string(), date: z.string(), proclaimed: z.string().optional() });
const events = z.object({ events: z.array(holiday) });
const whole = version.extend({
  holidays: z.object({ "england-and-wales": events, scotland: events, "northern-ireland": events }),
});
const list = z.object({ calendars: z.array(version), next: z.string().nullable() });

const divisions = z
  .preprocess(
    (value) => (typeof value === "string" ? [value] : (value ?? [])),
    z.array(z.enum(DIVISIONS)).min(1, "calendars:errors.divisions"),
  )
  .describe("Checkboxes: one is sent as a string");
const source = z.string().trim().min(1, "calendars:errors.source").max(2_000, "calendars:errors.sourceLong");
const proclaimed = requireDay("day", { missing: "calendars:errors.day", wrong: "calendars:errors.dayWrong" });
const file = z.object({ name: z.string(), body: z.instanceof(Buffer) }, "calendars:errors.file");

async function shown(api: ApiClient, cursor?: string) {
  const found = await api.call("get", "/api/v1/calendars", {
    query: { limit: PAGE, cursor },
    response: list,
  });
  return { ...found, first: cursor === undefined, divisions: DIVISIONS };
}

function notThatFile(): ProblemError {
  const fields = [{ in: "body", path: "file", problem: "calendars:errors.notJson" }] as const;
  return new ProblemError(400, "bad-file", "that is not the file of gov.uk", { fields });
}

/** @throws {ProblemError} of the field, where it is no JSON */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw notThatFile();
  }
}

/** The bank holidays that clocks count by, and how they become known. */
export const calendarPages = [
  page({
    method: "get",
    path: "/calendars",
    action: "calendar.read",
    query: z.object({ cursor: z.string().max(256).optional() }),
    handle: async ({ api, query }) =>
      view("calendars/list", { ...(await shown(api, query.cursor)), values: {} }),
  }),
  page({
    method: "post",
    path: "/calendars/import",
    action: "calendar.manage",
    maxFileBytes: MAX_FILE_BYTES,
    form: z.object({ file, source }),
    invalid: async ({ api, form: { values, errors } }) =>
      view("calendars/list", { ...(await shown(api)), values, errors }),
    handle: async ({ api, form }) => {
      const body = { file: parsed(form.file.body), source: form.source };
      try {
        await api.call("post", "/api/v1/calendars/import", { body });
      } catch (error) {
        // What the file's own fields lack is wrong with the file.
        if (error instanceof ProblemError && error.fields.length > 0) throw notThatFile();
        throw error;
      }
      return redirect("/calendars", "calendars:done.import");
    },
  }),
  page({
    method: "get",
    path: "/calendars/proclaim",
    action: "calendar.manage",
    handle: () => Promise.resolve(view("calendars/proclaim", { divisions: DIVISIONS, values: {} })),
  }),
  page({
    method: "post",
    path: "/calendars/proclaim",
    action: "calendar.manage",
    form: z
      .object({
        ...dateFields("day"),
        title: z.string().trim().min(1, "calendars:errors.title").max(200, "calendars:errors.titleLong"),
        divisions,
        source,
      })
      .check(proclaimed),
    invalid: ({ form: { values, errors } }) =>
      Promise.resolve(view("calendars/proclaim", { divisions: DIVISIONS, values, errors })),
    handle: async ({ api, form }) => {
      const body = {
        day: givenDay(form, "day"),
        title: form.title,
        divisions: form.divisions,
        source: form.source,
      };
      await api.call("post", "/api/v1/calendars/proclaim", { body });
      return redirect("/calendars", "calendars:done.proclaim");
    },
  }),
  page({
    method: "get",
    path: "/calendars/withdraw",
    action: "calendar.manage",
    handle: () => Promise.resolve(view("calendars/withdraw", { divisions: DIVISIONS, values: {} })),
  }),
  page({
    method: "post",
    path: "/calendars/withdraw",
    action: "calendar.manage",
    form: z.object({ ...dateFields("day"), divisions, source }).check(proclaimed),
    invalid: ({ form: { values, errors } }) =>
      Promise.resolve(view("calendars/withdraw", { divisions: DIVISIONS, values, errors })),
    handle: async ({ api, form }) => {
      const body = { day: givenDay(form, "day"), divisions: form.divisions, source: form.source };
      await api.call("post", "/api/v1/calendars/withdraw", { body });
      return redirect("/calendars", "calendars:done.withdraw");
    },
  }),
  page({
    method: "get",
    path: "/calendars/:id",
    action: "calendar.read",
    params: z.object({ id: z.uuid() }),
    handle: async ({ api, params }) =>
      view("calendars/version", {
        version: await api.call("get", "/api/v1/calendars/:id", { params, response: whole }),
        divisions: DIVISIONS,
      }),
  }),
];
