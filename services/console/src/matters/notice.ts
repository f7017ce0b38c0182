import { formatDay, formatMoment } from "../format.ts";
import type { Said } from "../page.ts";
import type { Clock, Matter } from "./matter-answers.ts";

/** Laws of which Daybook has a letter that says that nothing is held. */
const LAWS: ReadonlySet<string> = new Set(["foia-2000", "foisa-2002", "eir-2004", "eirs-2004"]);
/** What a statement has to have concluded before a letter may say so. */
const SUPPORTED: ReadonlySet<string> = new Set(["none", "none-with-gaps"]);

/** What a letter is made of. */
export interface NoticeOf {
  readonly matter: Matter;
  readonly conclusion: { readonly code: string };
  readonly scope: { readonly from: string | null; readonly to: string | null } | null;
  readonly madeAt: string;
}

/** A part of a letter, under its heading where it has one. */
export interface NoticePart {
  readonly heading?: Said;
  readonly paragraphs: readonly Said[];
}

export interface Notice {
  readonly parts: readonly NoticePart[];
  /** Whether the statement bears out that nothing is held: else the letter leaves that open. */
  readonly supported: boolean;
}

const said = (key: string, values: Readonly<Record<string, unknown>> = {}): Said => ({
  key: `notices:letter.${key}`,
  values,
});

/**
 * The letter that goes with a statement: what is not held, and the rights to a review, to complain and to appeal as the
 * matter's law gives them. Undefined where Daybook has none of that law.
 */
export function noticeOf(of: NoticeOf, clock: Clock | undefined): Notice | undefined {
  const { matter, conclusion } = of;
  const { regime: law, variant } = matter;
  const rule = clock?.review?.rule;
  if (law === null || !LAWS.has(law) || !rule) return undefined;
  const supported = SUPPORTED.has(conclusion.code);
  const due = matter.due === null ? undefined : formatDay(matter.due);
  const rights = { ask: rule.askWithin, answer: rule.answerIn, due };
  return {
    supported,
    parts: [
      { paragraphs: head(matter) },
      { paragraphs: [...held(of, law, supported), said("elsewhere")] },
      {
        heading: said("rights"),
        paragraphs: [
          said(`review.${law}${due === undefined && law === "foisa-2002" ? "-undated" : ""}`, rights),
          ...(variant === null ? [] : [said(`variant.${variant}`)]),
          said(`commissioner.${law}`),
          said(`appeal.${law}`),
        ],
      },
      { paragraphs: [said("sincerely"), said("signed"), said("enclosed", { at: formatMoment(of.madeAt) })] },
    ],
  };
}

/** The letter line after line, to be said in words. */
export function linesOf({ parts }: Notice): Said[] {
  return [
    said("template"),
    ...parts.flatMap(({ heading, paragraphs }) => [...(heading ? [heading] : []), ...paragraphs]),
  ];
}

function head({ title, reference, receivedAt }: Matter): Said[] {
  return [
    ...[said("from"), said("to"), said("date")],
    reference === null ? said("noReference") : said("reference", { reference }),
    said("subject", { title }),
    said("greeting"),
    receivedAt === null ? said("receivedBlank") : said("received", { day: formatDay(receivedAt) }),
  ];
}

function held({ conclusion, scope }: NoticeOf, law: string, supported: boolean): Said[] {
  if (!supported) return [said("undecided")];
  const { from = null, to = null } = scope ?? {};
  const ends = `${from === null ? "open" : "from"}-${to === null ? "open" : "to"}`;
  return [
    said(`notHeld.${law}`),
    said(`conclusion.${conclusion.code}`),
    said(`period.${ends}`, { from: from && formatDay(from), to: to && formatDay(to) }),
  ];
}
