import { z } from "zod";

/** What the API answers of matters, as far as screens show it. */
export const person = z.object({ id: z.string(), name: z.string().nullable() });

const review = z.object({
  askedOn: z.string(),
  due: z.string(),
  dueLimit: z.string().nullable(),
  atMost: z.string().nullable(),
  provisional: z.boolean(),
  statutory: z.boolean(),
  state: z.string(),
  answeredOn: z.string().nullable(),
  outcome: z.string().nullable(),
});

export const matter = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.string(),
  openedAt: z.string(),
  due: z.string().nullable(),
  dueLimit: z.string().nullable(),
  closedAt: z.string().nullable(),
  reference: z.string().nullable(),
  regime: z.string().nullable(),
  receivedAt: z.string().nullable(),
  nation: z.string().nullable(),
  variant: z.string().nullable(),
  provisional: z.boolean(),
  waitsFor: z.string().nullable(),
  state: z.string(),
  answeredOn: z.string().nullable(),
  outcome: z.string().nullable(),
  assignedTo: person.nullable(),
  review: review.nullable(),
});
export type Matter = z.infer<typeof matter>;

export const matterList = z.object({ matters: z.array(matter), next: z.string().nullable() });

const regime = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  unit: z.string(),
  calendar: z.string().optional(),
  clarification: z.string().optional(),
  feeStops: z.boolean(),
  extension: z.object({ to: z.union([z.number(), z.string()]), when: z.string() }).optional(),
  review: z.object({ askWithin: z.number(), answerIn: z.number(), statutory: z.boolean() }).optional(),
  variants: z.record(z.string(), z.object({ length: z.number() })).optional(),
  source: z.string(),
});
export type Regime = z.infer<typeof regime>;

export const regimes = z.object({ regimes: z.array(regime) });

const dayLine = z.object({
  day: z.string(),
  counts: z.number().nullable(),
  why: z.string(),
  title: z.string().optional(),
  in: z.array(z.string()).optional(),
  days: z.number().optional(),
});

const reckoning = z.object({
  due: z.string().nullable(),
  waitsFor: z.string().nullable(),
  provisional: z.boolean(),
  from: z.string(),
  promptBy: z.string().nullable(),
  noticeBy: z.string().nullable(),
  extended: z.boolean(),
  days: z.array(dayLine),
});

const version = z.object({ id: z.string(), number: z.number() }).nullable();

export const clock = z.object({
  matter,
  regime,
  calendar: version,
  latest: version,
  kept: reckoning,
  newest: reckoning.nullable(),
  review: z
    .object({
      rule: z.object({ askWithin: z.number(), answerIn: z.number(), statutory: z.boolean() }),
      ask: z.object({ from: z.string(), until: z.string() }).nullable(),
      late: z.boolean(),
      kept: reckoning.nullable(),
      newest: reckoning.nullable(),
    })
    .nullable(),
});
export type Clock = z.infer<typeof clock>;

export const history = z.object({
  history: z.array(
    z.object({
      n: z.number(),
      what: z.string(),
      detail: z.string().nullable(),
      by: person,
      at: z.string(),
      on: z.string().nullable(),
      to: z.string().nullable(),
      person: person.nullable(),
      words: z.string().nullable(),
    }),
  ),
  next: z.string().nullable(),
});

export const assignees = z.object({ persons: z.array(person) });
