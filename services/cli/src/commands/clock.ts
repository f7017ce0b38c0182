import { z } from "zod";
import { connect } from "../connect.ts";
import { type Output, printable } from "../output.ts";

const day = z.looseObject({
  day: z.string(),
  counts: z.number().nullable(),
  why: z.string(),
  title: z.string().optional(),
  in: z.array(z.string()).optional(),
  days: z.number().optional(),
});

const reckoning = z.looseObject({
  due: z.string().nullable(),
  waitsFor: z.string().nullable(),
  provisional: z.boolean(),
  days: z.array(day),
});
type Reckoning = z.infer<typeof reckoning>;

const reviewReckoning = reckoning.extend({ due: z.string(), atMost: z.string().nullable() });
const review = z.looseObject({
  rule: z.looseObject({ askWithin: z.number(), answerIn: z.number(), statutory: z.boolean() }),
  ask: z.looseObject({ from: z.string(), until: z.string() }).nullable(),
  late: z.boolean(),
  kept: reviewReckoning.nullable(),
  newest: reviewReckoning.nullable(),
});

const version = z.looseObject({ number: z.number() }).nullable();

const clock = z.looseObject({
  regime: z.looseObject({ name: z.string(), source: z.string() }),
  calendar: version,
  latest: version,
  kept: reckoning,
  newest: reckoning.nullable(),
  review: review.nullable(),
});

const WHY: Readonly<Record<string, string>> = {
  receipt: "received",
  stopped: "the clock stands",
  "month-end": "the same date, or the last of the month",
  "stopped-days": "later by the days that the clock stood",
  saturday: "Saturday",
  sunday: "Sunday",
};

const inLondon = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/London",
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "numeric",
  minute: "2-digit",
  hour12: true,
});

/** `daybook clock explain`. */
export async function explainClock(id: string, output: Output): Promise<void> {
  const { client } = await connect();
  try {
    const found = await client.call("get", "/api/v1/matters/:id/clock", { params: { id }, response: clock });
    output.result(found, () => shown(found));
  } finally {
    client.close();
  }
}

function shown({ regime, calendar, latest, kept, newest, review: of }: z.infer<typeof clock>): string {
  const differs = newest !== null && newest.due !== kept.due;
  return [
    `${printable(regime.name)} (${printable(regime.source)})`,
    ...(calendar ? [`by version ${calendar.number} of the bank holidays, by which it began:`] : []),
    ...linesOf(kept),
    ...(differs && latest ? ["", `by version ${latest.number}, the newest:`, ...linesOf(newest)] : []),
    ...(differs ? ["", "the earlier date is the target, the later one is arguable"] : []),
    ...(of ? ["", ...reviewLines(of)] : []),
  ].join("\n");
}

function reviewLines({ rule, ask, late, kept, newest }: z.infer<typeof review>): string[] {
  const { askWithin, answerIn, statutory } = rule;
  const differs = kept !== null && newest !== null && kept.due !== newest.due;
  return [
    `review: asked for within ${askWithin} working days, answered in ${answerIn}${statutory ? "" : " (good practice, not law)"}`,
    ...(ask ? [`it can be asked for until ${ask.until}, ${askWithin} working days after ${ask.from}`] : []),
    ...(late ? ["it was asked for after that: the authority need not take it"] : []),
    ...(kept ? linesOf(kept) : []),
    ...(kept && kept.atMost !== null ? [`and no later than ${inLondon.format(new Date(kept.atMost))}`] : []),
    ...(differs ? ["", "by the newest bank holidays:", ...linesOf(newest)] : []),
  ];
}

function linesOf({ days, due, waitsFor, provisional }: Reckoning): string[] {
  const end =
    due === null
      ? `waits for the ${waitsFor ?? "requester"}`
      : `due ${inLondon.format(new Date(due))}${provisional ? ", provisional: bank holidays of that year are not known" : ""}`;
  return [...days.map(lineOf), end];
}

function lineOf({ day: date, counts, why, title, in: where, days }: z.infer<typeof day>): string {
  const holiday = title === undefined ? "" : `${printable(title)} (${(where ?? []).join(", ")})`;
  const working = counts === null ? "a working day" : "";
  const words = why === "bank-holiday" ? holiday : why === "counted" ? working : (WHY[why] ?? why);
  const n = counts === null ? "-" : String(counts);
  return `  ${date}  ${n.padStart(3)}  ${words}${days === undefined ? "" : `: ${days}`}`.trimEnd();
}
