import { nameOf } from "./reading.ts";
import type { MetaError } from "./schema.ts";

/** What Meta's codes mean, for people. */
const WORDS: Readonly<Record<string, string>> = {
  131051: "WhatsApp does not hand over messages of this kind: what it says is on the sender's phone alone",
  131060: "WhatsApp did not hand over this message: what it says is on the phone alone",
  131047: "more than 24 hours have passed since they last wrote: only an approved template may be sent",
  131026: "WhatsApp cannot deliver to this person: they may have no WhatsApp, or an old one",
  131049: "WhatsApp held it back, to keep down the number of such messages to this person",
  131050: "this person does not want such messages from this number",
  2593109: "the business declined to share its history",
};

/** The first of Meta's errors, in words, at most 1,000 characters. */
export function reasonOf(errors: readonly MetaError[] | null | undefined): string | undefined {
  const first = errors?.[0];
  if (!first) return undefined;
  const told = first.error_data?.details ?? first.message ?? first.title ?? "no reason given";
  const known = WORDS[first.code ?? ""];
  return nameOf(`${known ?? told} (${first.code ?? "no code"})`).slice(0, 1_000);
}
