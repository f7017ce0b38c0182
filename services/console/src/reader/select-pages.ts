import { z } from "zod";
import { type Page, page, redirect, view } from "../page.ts";
import { shown } from "./conversation-pages.ts";
import { DOORS, type Door, KEY, placeOf, RECORD } from "./doors.ts";
import { hrefOf, where } from "./way-back.ts";

/** Of one entry: the record, and what is about it. */
const MAX_OUT = 1_000;
const OUT = z
  .string()
  .transform((all) => all.split(" "))
  .pipe(z.array(RECORD).max(MAX_OUT));
const ids = z.preprocess((value) => (typeof value === "string" ? [value] : value), z.array(RECORD).max(200));

/** Takes what is read into the matter's selection, chosen records, a day or the conversation, and out of it. */
export const selectPages: readonly Page[] = [
  page({
    method: "post",
    path: "/matters/:id/conversations/:key/selection",
    action: "selection.change",
    params: z.object({ id: z.uuid(), key: KEY }),
    form: z
      .object({
        ...where,
        ids: ids.default([]),
        day: z.iso.date().optional(),
        all: z.literal("yes").optional(),
      })
      .check((payload) => {
        const { ids: chosen, day, all } = payload.value;
        if (chosen.length === 0 && day === undefined && all === undefined)
          payload.issues.push({
            code: "custom",
            path: ["ids"],
            message: "reader:errors.nothingChosen",
            input: payload.value,
          });
      }),
    invalid: async ({ api, params: { id, key }, form: { errors, values } }) => {
      const of = z.object(where).safeParse(values).data ?? {};
      const door = DOORS[0] as Door;
      return view("reader/conversation", {
        ...(await shown(door, placeOf({ id }), key, of, api)),
        values: {},
        errors: errors.map((one) => ({ ...one, field: "ids" })),
      });
    },
    handle: async ({ api, params: { id, key }, form: { ids: chosen, day, all, ...of } }) => {
      const body =
        all !== undefined
          ? { conversation: key }
          : day !== undefined
            ? { conversation: key, day }
            : { ids: chosen };
      await api.call("post", "/api/v1/matters/:id/selection", { params: { id }, body });
      return redirect(hrefOf(placeOf({ id }), key, of), "reader:done.selected");
    },
  }),
  page({
    method: "post",
    path: "/matters/:id/conversations/:key/selection/remove",
    action: "selection.change",
    params: z.object({ id: z.uuid(), key: KEY }),
    form: z.object({ ...where, out: OUT }),
    handle: async ({ api, params: { id, key }, form: { out, ...of } }) => {
      await api.call("post", "/api/v1/matters/:id/selection/remove", { params: { id }, body: { ids: out } });
      return redirect(hrefOf(placeOf({ id }), key, of, out[0]), "reader:done.removed");
    },
  }),
];
