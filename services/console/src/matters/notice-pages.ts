import { z } from "zod";
import type { ApiClient } from "@daybook/runtime";
import { page, view } from "../page.ts";
import { clock } from "./matter-answers.ts";
import { linesOf, noticeOf } from "./notice.ts";
import { statement } from "./statement-answers.ts";

const params = z.object({ id: z.uuid() });

/** The statement as it can be made now, which is put on record, and the letter that goes with it. */
async function made(api: ApiClient, id: string) {
  const of = await api.call("get", "/api/v1/matters/:id/statement", { params: { id }, response: statement });
  const explained =
    of.matter.regime === null
      ? undefined
      : await api.call("get", "/api/v1/matters/:id/clock", { params: { id }, response: clock });
  return { ...of, notice: noticeOf(of, explained) };
}

/** The letter that tells a requester that nothing is held: to be printed, or taken as text. */
export const noticePages = [
  page({
    method: "get",
    path: "/matters/:id/notice",
    action: "matter.read",
    params,
    handle: async ({ api, params: { id } }) => {
      const { matter, conclusion, notice } = await made(api, id);
      return view("matters/notice", { matter, conclusion, notice });
    },
  }),
  page({
    method: "get",
    path: "/matters/:id/notice/text",
    action: "matter.read",
    file: true,
    params,
    handle: async ({ api, params: { id } }) => {
      const { notice } = await made(api, id);
      const lines = notice ? linesOf(notice) : [{ key: "notices:none", values: {} }];
      return { lines, filename: `notice-${id}.txt` };
    },
  }),
];
