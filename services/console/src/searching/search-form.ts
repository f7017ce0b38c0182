import { z } from "zod";
import { dateFields, givenDay, requireDay } from "../date-input.ts";
import type { Filters, Saved } from "./search-answers.ts";

export const NETWORKS = ["whatsapp", "signal", "sms", "imessage", "telegram", "email"] as const;
export const KINDS = [
  "message",
  "edit",
  "notice",
  "membership",
  "call",
  "identity",
  "gap",
  "delete",
  "reaction",
] as const;
export const ATTACHMENTS = ["any", "image", "audio", "video", "document"] as const;

const text = (max: number) => z.string().trim().max(max, "searching:errors.long").default("");
/** Checkboxes: none, one, or several that are ticked. */
const several = <const Name extends string>(names: readonly Name[]) =>
  z.preprocess(
    (value) => (value === undefined ? [] : Array.isArray(value) ? (value as unknown[]) : [value]),
    z.array(z.enum(names)).max(names.length),
  );

const DAY = { missing: undefined, wrong: "searching:errors.day" };

/** What can be searched by, as a form. */
export const searchForm = z
  .object({
    q: z.string().trim().max(1_000, "searching:errors.words").default(""),
    custodian: text(512),
    post: text(512),
    participant: text(512),
    network: several(NETWORKS),
    titled: text(1_024),
    conversation: z
      .string()
      .regex(/^(-?\d{1,19})?$/)
      .default(""),
    sender: text(512),
    account: text(512),
    ...dateFields("from"),
    ...dateFields("to"),
    kind: several(KINDS),
    attachments: z.enum(["", ...ATTACHMENTS]).default(""),
  })
  .check(requireDay("from", DAY), requireDay("to", DAY));

/** What the API is asked. */
export function askedBy(form: z.output<typeof searchForm>): { q: string; filters: Filters } {
  const { q, network, kind } = form;
  const texts = [
    "custodian",
    "post",
    "participant",
    "titled",
    "conversation",
    "sender",
    "account",
    "attachments",
  ] as const;
  const given = texts.flatMap((name) => (form[name] === "" ? [] : [[name, form[name]] as const]));
  const from = givenDay(form, "from");
  const to = givenDay(form, "to");
  return {
    q,
    filters: {
      ...(Object.fromEntries(given) as Filters),
      ...(network.length === 0 ? {} : { network }),
      ...(kind.length === 0 ? {} : { kind }),
      ...(from === "" ? {} : { from }),
      ...(to === "" ? {} : { to }),
    },
  };
}

/** The form as it was when a search was made, to be changed and sent again. */
export function valuesOf({ q, filters, names }: Saved): Record<string, unknown> {
  const parts = (name: string, at: string | undefined) => {
    const [year, month, day] = at?.slice(0, "2026-03-04".length).split("-") ?? [];
    return at === undefined
      ? {}
      : { [`${name}-day`]: Number(day), [`${name}-month`]: Number(month), [`${name}-year`]: year };
  };
  const { from, to, ...rest } = filters;
  return {
    q,
    ...rest,
    ...(names.custodian === undefined ? {} : { custodian: names.custodian }),
    ...(names.post === undefined ? {} : { post: names.post }),
    ...(names.participant === undefined ? {} : { participant: names.participant }),
    ...parts("from", from),
    ...parts("to", to),
  };
}
