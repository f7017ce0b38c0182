import type { Counting } from "./calendar.ts";

export const REGIME_IDS = [
  "foia-2000",
  "foisa-2002",
  "eir-2004",
  "eirs-2004",
  "uk-gdpr-access",
  "inquiry",
  "audit",
] as const;
export type RegimeId = (typeof REGIME_IDS)[number];

/** Facts of a matter by which its rule has other lengths. */
export const VARIANT_IDS = ["keeper-unopened"] as const;
export type VariantId = (typeof VARIANT_IDS)[number];

/** The review that a requester may ask the authority for: all in working days. */
export interface ReviewRule {
  /** Within how many it is asked for. */
  readonly askWithin: number;
  /**
   * From when those count: the day of the answer, or that on which it was due where there is none;
   * `later-of-due-and-answer`: an early answer does not shorten them.
   */
  readonly askFrom?: "later-of-due-and-answer";
  readonly answerIn: number;
  /** What no review should take longer than, where it may take longer than `answerIn`. */
  readonly atMost?: number;
  /** False: it is good practice, and no law. */
  readonly statutory: boolean;
}

/** Other lengths of a rule. */
export interface Variant {
  readonly length: number;
  readonly answerReviewIn: number;
  readonly source: string;
}

/** How a date is worked out. A later reading of the law is a new version: clocks keep the one they began by. */
export interface Regime {
  readonly id: RegimeId;
  /** From 1: a clock names the version of its rule. */
  readonly version: number;
  readonly name: string;
  /** Of which kind of matter. */
  readonly kind: "foi" | "inquiry" | "audit" | "sar";
  /** `fixed`: the date that a letter sets. */
  readonly unit: "working-days" | "months" | "hours" | "fixed";
  /** In that unit; 0 where it is fixed. */
  readonly length: number;
  readonly startsOn: "day-after-receipt" | "receipt";
  /** Whose bank holidays; `nation`: those of the body's own. Without one no day is left out. */
  readonly calendar?: Counting | "nation";
  /** Whether a date that falls on no working day moves to the next one. Counted working days never do. */
  readonly roll: boolean;
  /** What asking for clarification does: the day of the answer becomes the day of receipt, or the days between do not count. */
  readonly clarification?: "restart" | "stop";
  /** From the notice to the payment, both included, no day counts. */
  readonly feeStops: boolean;
  /** What it may be extended to, in its own unit, counted from receipt; `by-letter`: to a date that is agreed. */
  readonly extension?: { readonly to: number | "by-letter"; readonly when: string };
  /** Working day from which to hurry: to answer promptly is a duty of its own. */
  readonly remindAt?: number;
  readonly review?: ReviewRule;
  /** What a fact of the matter makes of it. */
  readonly variants?: Readonly<Partial<Record<VariantId, Variant>>>;
  /** Which of those it is. */
  readonly variant?: VariantId;
  /** Where the rule stands. */
  readonly source: string;
}

const WORKING_DAYS = {
  version: 1,
  kind: "foi",
  unit: "working-days",
  length: 20,
  startsOn: "day-after-receipt",
  roll: false,
  clarification: "restart",
  feeStops: true,
  remindAt: 10,
} as const;

const FOIA: Regime = {
  ...WORKING_DAYS,
  id: "foia-2000",
  name: "Freedom of Information Act 2000",
  calendar: "united-kingdom",
  extension: { to: 40, when: "to weigh the public interest; the notice is due by day 20 all the same" },
  review: { askWithin: 40, answerIn: 20, statutory: false },
  source: "FOIA 2000 s.10; s.45 code of practice; ICO: 40 working days in all",
};

const FOISA: Regime = {
  ...WORKING_DAYS,
  id: "foisa-2002",
  name: "Freedom of Information (Scotland) Act 2002",
  calendar: "scotland",
  review: { askWithin: 40, answerIn: 20, statutory: true },
  source: "FOISA 2002 s.10, s.20, s.21, s.73",
};

/** Every version of every regime, older ones first. Never change one that has been released: append. */
const REGIMES: readonly Regime[] = [
  FOIA,
  { ...FOIA, version: 2, review: { askWithin: 40, answerIn: 20, atMost: 40, statutory: false } },
  FOISA,
  {
    ...FOISA,
    version: 2,
    review: { askWithin: 40, askFrom: "later-of-due-and-answer", answerIn: 20, statutory: true },
    variants: {
      "keeper-unopened": { length: 30, answerReviewIn: 30, source: "FOISA 2002 s.10(2), s.21(2), s.22" },
    },
  },
  {
    ...WORKING_DAYS,
    id: "eir-2004",
    name: "Environmental Information Regulations 2004",
    calendar: "united-kingdom",
    extension: { to: 40, when: "complex and voluminous; told within 20 working days" },
    review: { askWithin: 40, answerIn: 40, statutory: true },
    source: "EIR 2004 reg.5, reg.7, reg.9, reg.11",
  },
  {
    ...WORKING_DAYS,
    id: "eirs-2004",
    name: "Environmental Information (Scotland) Regulations 2004",
    calendar: "scotland",
    extension: { to: 40, when: "complex and voluminous; told within 20 working days" },
    review: { askWithin: 40, answerIn: 20, statutory: true },
    source: "EIR(S) 2004 reg.5, reg.7, reg.16",
  },
  {
    id: "uk-gdpr-access",
    version: 1,
    name: "UK GDPR subject access",
    kind: "sar",
    unit: "months",
    length: 1,
    startsOn: "receipt",
    calendar: "nation",
    roll: true,
    clarification: "stop",
    feeStops: true,
    extension: { to: 3, when: "complex, or many requests; told within the first month" },
    source: "UK GDPR Art.12(3), Art.12A, Art.15",
  },
  {
    id: "inquiry",
    version: 1,
    name: "Inquiry, by the date in its letter",
    kind: "inquiry",
    unit: "fixed",
    length: 0,
    startsOn: "receipt",
    roll: false,
    feeStops: false,
    extension: { to: "by-letter", when: "as the inquiry agrees" },
    source: "Inquiry Rules 2006 r.9; Inquiries Act 2005 s.21",
  },
  {
    id: "audit",
    version: 1,
    name: "Audit or incident",
    kind: "audit",
    unit: "hours",
    length: 48,
    startsOn: "receipt",
    roll: false,
    feeStops: false,
    extension: { to: "by-letter", when: "as the auditor agrees" },
    source: "the body's own rule: 48 hours, or the date that is set",
  },
];

/** The regimes as they stand: of each the latest version. */
export function currentRegimes(): Regime[] {
  return REGIME_IDS.map((id) => regimeOf(id));
}

/**
 * @param version the latest unless given
 * @param variant its lengths in the place of the regime's own
 */
export function regimeOf(id: RegimeId, version?: number, variant?: VariantId): Regime {
  const versions = REGIMES.filter(
    (regime) => regime.id === id && (version === undefined || regime.version === version),
  );
  const found = versions.at(-1);
  if (!found) throw new Error(`no regime ${id} of version ${version ?? "any"}: is this program older?`);
  return variant === undefined ? found : varied(found, variant);
}

function varied(regime: Regime, id: VariantId): Regime {
  const variant = regime.variants?.[id];
  if (!variant) throw new Error(`${regime.name} has no variant ${id}: is this program older?`);
  const { length, answerReviewIn, source } = variant;
  const review = regime.review && { ...regime.review, answerIn: answerReviewIn };
  return {
    ...regime,
    length,
    source: `${regime.source}; ${source}`,
    variant: id,
    ...(review && { review }),
  };
}
