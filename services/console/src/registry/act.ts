import type { Action, ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { dayIn, requireDay } from "../date-input.ts";
import { type Answer, type Page, page, redirect, type Said, view } from "../page.ts";

/** One thing that a form asks. Its words are `registry:field.NAME` and, where there is one, `registry:hint.NAME`. */
export interface Field {
  readonly name: string;
  readonly type: "text" | "words" | "choice" | "select" | "day";
  /** Of a choice: `registry:choice.NAME.VALUE`. Of a select they come with the form. */
  readonly values?: readonly string[];
  readonly optional?: boolean;
}

/** What a form is drawn with. */
export interface Asked {
  /** What it is about: shown above its heading. */
  readonly caption?: string;
  /** What stands in it at first. */
  readonly values?: Readonly<Record<string, string>>;
  /** Of its selects. */
  readonly options?: Readonly<Record<string, readonly { readonly value: string; readonly text: string }[]>>;
  /** What there is to know of it before it is done. */
  readonly note?: Said;
  readonly back: string;
}

type Params = Readonly<Record<string, string>>;
/** What was given: days as `2026-03-04`, and what was left empty as undefined. */
export type Given = Readonly<Record<string, string | undefined>>;

export interface Act {
  /** Names its words: `registry:act.KEY.title`, `.send`, `.done` and, where there is one, `.text`. */
  readonly key: string;
  readonly path: string;
  readonly action: Action;
  readonly params?: z.ZodObject;
  readonly fields: readonly Field[];
  /** It takes something away. */
  readonly warns?: boolean;
  asked(api: ApiClient, params: Params): Promise<Asked>;
  /** @returns where to go then, or what to show; the form's way back, unless it says */
  send(api: ApiClient, params: Params, given: Given): Promise<string | Answer | undefined>;
}

const MAX_TEXT = 512;
const MAX_WORDS = 2_000;

/** Why somebody changes something: every change asks. */
export const REASON: Field = { name: "reason", type: "words" };

/** A form that changes one thing of the registry, with its reason, and its post. */
export function act(of: Act): Page[] {
  const { key, path, action, fields, warns = false } = of;
  const form = formOf(fields);
  const shown = async (api: ApiClient, params: Params, more: object = {}) => {
    const { caption, values = {}, options = {}, note, back } = await of.asked(api, params);
    return { act: key, fields, caption, values, options, note, back, warns, ...more };
  };
  const params = of.params ?? z.object({});
  return [
    page({
      method: "get",
      path,
      action,
      params,
      handle: async ({ api, params: given }) => view("registry/form", await shown(api, given as Params)),
    }),
    page({
      method: "post",
      path,
      action,
      params,
      form,
      invalid: async ({ api, params: given, form: { values, errors } }) =>
        view("registry/form", await shown(api, given as Params, { values, errors })),
      handle: async ({ api, params: given, form: sent }) => {
        const to = await of.send(api, given, read(fields, sent));
        if (typeof to === "object") return to;
        const back = to ?? (await of.asked(api, given)).back;
        return redirect(back, `registry:act.${key}.done`);
      },
    }),
  ];
}

function formOf(fields: readonly Field[]): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  const checks: ReturnType<typeof requireDay>[] = [];
  for (const { name, type, values, optional = false } of fields) {
    const missing = `registry:missing.${name}`;
    if (type === "day") {
      for (const part of ["day", "month", "year"])
        shape[`${name}-${part}`] = z.string().trim().max(20).default("");
      checks.push(
        requireDay(name, { missing: optional ? undefined : missing, wrong: "registry:errors.day" }),
      );
    } else if (type === "choice" && values) {
      shape[name] = z.enum(values, missing);
    } else {
      const text = z
        .string()
        .trim()
        .max(type === "words" ? MAX_WORDS : MAX_TEXT, "registry:errors.long");
      shape[name] = optional ? text.default("") : text.min(1, missing);
    }
  }
  return checks.reduce((form, check) => form.check(check), z.object(shape));
}

function read(fields: readonly Field[], sent: Readonly<Record<string, unknown>>): Given {
  return Object.fromEntries(
    fields.map(({ name, type }) => {
      const value = type === "day" ? (dayIn(sent, name) ?? undefined) : sent[name];
      return [name, typeof value === "string" && value !== "" ? value : undefined];
    }),
  );
}

/** The fields of a date input that shows a day. @param at RFC 3339 or a day; null leaves it empty */
export function dayValues(name: string, day: string | null): Record<string, string> {
  if (day === null) return {};
  const [year = "", month = "", date = ""] = day.split("-");
  return {
    [`${name}-day`]: String(Number(date)),
    [`${name}-month`]: String(Number(month)),
    [`${name}-year`]: year,
  };
}
