import type { Statement } from "./statement.ts";

/**
 * What the evidence allows to say: `unsearched`, nothing can be said; `found`, searches found records; `blind`, none
 * were found and nothing shows that anything listened; `none-with-gaps`, none were found in what was captured, and not
 * all was; `none`, none were found in what was captured.
 */
export const CONCLUSIONS = ["unsearched", "found", "blind", "none-with-gaps", "none"] as const;

export interface Conclusion {
  readonly code: (typeof CONCLUSIONS)[number];
  /** In English. */
  readonly words: string;
  /** What limits it, in English: each true whatever the conclusion. */
  readonly limits: readonly string[];
}

const WORDS: Readonly<Record<Conclusion["code"], string>> = {
  unsearched: "No search was made under this matter. It cannot be stated whether the information is held.",
  found:
    "Searches under this matter found records. It cannot be stated that no information is held: whether any of them is within the request is for a person to say.",
  blind:
    "These searches found no record, but nothing shows that Daybook was listening in the time that was searched. It cannot be stated that no information is held.",
  "none-with-gaps":
    "No record was found by these searches in what was captured. Not everything was captured: the gaps below are within what was searched, and what was sent in them is not known.",
  none: "No record was found by these searches in what was captured.",
};

export function concluded(of: Omit<Statement, "conclusion">): Conclusion {
  const code = codeOf(of);
  return { code, words: WORDS[code], limits: limitsOf(of) };
}

function codeOf({ searches, listening }: Omit<Statement, "conclusion">): Conclusion["code"] {
  if (searches.entries.length === 0) return "unsearched";
  if (searches.entries.some(({ total }) => total > 0)) return "found";
  const listened = listening.intervals.some(({ state }) => state === "live" || state === "catching-up");
  if (!listened) return "blind";
  const gaps = listening.intervals.some(({ state }) => state === "gap" || state === "down");
  return gaps || !listening.whole ? "none-with-gaps" : "none";
}

function limitsOf({
  searches,
  accounts,
  posts,
  listening,
  rules,
  disposals,
}: Omit<Statement, "conclusion">): string[] {
  const floors = searches.entries.filter(({ totalIsExact }) => !totalIsExact).length;
  const before = disposals.entries.filter(({ beforeReceipt }) => beforeReceipt).length;
  const after = disposals.entries.length - before;
  const excluding = rules.entries.filter(({ effect }) => effect === "exclude").length;
  return [
    ...(floors > 0 ? [`Searches whose total is a floor, so that more may fit: ${floors}.`] : []),
    `Messages that rules of scope left out, of which only the number is known: ${listening.excluded}.`,
    `Rules of scope that left something out in the time that was searched: ${excluding}.`,
    "Claims that a message is private are not kept by Daybook: none is counted, and none kept a record from these searches.",
    ...(before > 0
      ? [`Disposals of records, some of which may have fitted, before the request was received: ${before}.`]
      : []),
    ...(after > 0 ? [`Disposals of records after the request was received: ${after}.`] : []),
    ...(listening.unreadFrom === null
      ? []
      : [
          `There are more records of gaps and coverage than a statement reads. ${listening.read} were read; what begins from ${listening.unreadFrom} on was not, so more may be missing than is said.`,
        ]),
    ...(searches.whole && accounts.whole && posts.whole && rules.whole && disposals.whole
      ? []
      : ["Some lists are longer than a statement holds: it names the first of them."]),
    "Only what passed a channel that Daybook governs is captured.",
  ];
}
