import { z } from "zod";

const OF = ["everything", "filters", "selection"] as const;

const progress = z.object({
  stage: z.string(),
  ahead: z.number(),
  done: z.number(),
  of: z.number(),
  bytes: z.number(),
  startedAt: z.string().nullable(),
  secondsLeft: z.number().nullable(),
});

/** What the API answers of an export, as far as screens show it. */
export const exported = z.object({
  id: z.string(),
  matter: z.string(),
  name: z.string(),
  askedAt: z.string(),
  of: z.enum(OF),
  formats: z.array(z.string()),
  withSources: z.boolean(),
  recipients: z.array(z.string()),
  state: z.string(),
  records: z.number(),
  attachments: z.number(),
  gaps: z.number(),
  progress: progress.nullable(),
  package: z
    .object({
      file: z.string(),
      sizeBytes: z.number(),
      sha256: z.string(),
      builtAt: z.string(),
      keptUntil: z.string(),
    })
    .nullable(),
  failure: z.object({ code: z.string(), detail: z.string() }).nullable(),
});
export type Exported = z.infer<typeof exported>;

export const exportList = z.object({
  exports: z.array(
    z.object({
      id: z.string(),
      name: z.string().nullable(),
      askedAt: z.string(),
      mine: z.boolean(),
      of: z.enum(OF),
      state: z.string(),
    }),
  ),
  next: z.string().nullable(),
});

/** A search that was made under a matter, as far as an export can be asked for by it. */
export const savedSearch = z.object({
  id: z.string(),
  q: z.string(),
  filters: z.object({
    custodian: z.string().optional(),
    post: z.string().optional(),
    participant: z.string().optional(),
    titled: z.string().optional(),
    network: z.array(z.string()).optional(),
    conversation: z.string().optional(),
    account: z.string().optional(),
    sender: z.string().optional(),
    from: z.string().optional(),
    to: z.string().optional(),
    kind: z.array(z.string()).optional(),
    attachments: z.string().optional(),
  }),
  names: z.object({ custodian: z.string().optional(), participant: z.string().optional() }).default({}),
});
export type SavedSearch = z.infer<typeof savedSearch>;
