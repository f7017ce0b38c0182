import { z } from "zod";

/** What the API answers of conversations, records and the audit log, as far as screens show it. */
const person = z.object({ id: z.string(), name: z.string(), post: z.string().nullable() });
const party = z.object({ id: z.string(), name: z.string() });

const attachment = z.object({
  n: z.number(),
  name: z.string(),
  mediaType: z.string(),
  sizeBytes: z.number(),
  sha256: z.string(),
  inline: z.enum(["image", "audio"]).nullable(),
});

const said = z.object({
  id: z.string(),
  kind: z.string(),
  at: z.string(),
  clock: z.string(),
  sender: person.nullable(),
  text: z.string().nullable(),
  marks: z.array(z.tuple([z.number(), z.number()])),
  textIsWhole: z.boolean(),
  attachments: z.array(attachment),
  attachmentsTotal: z.number(),
  selected: z.boolean(),
});
export type Said = z.infer<typeof said>;

const quoted = z.object({
  id: z.string(),
  at: z.string(),
  clock: z.string(),
  sender: party.nullable(),
  text: z.string().nullable(),
});

const entry = z.object({
  ...said.shape,
  conversationWide: z.boolean(),
  network: z.string(),
  method: z.string(),
  provenance: z.string(),
  connector: z.object({ name: z.string(), version: z.string() }),
  account: z.string(),
  custodian: person.nullable(),
  receivedAt: z.string().nullable(),
  capturedAt: z.string(),
  direction: z.string().nullable(),
  recipients: z.array(party),
  recipientsTotal: z.number(),
  forwarded: z.boolean(),
  viewOnce: z.boolean(),
  expiry: z.object({ afterSeconds: z.number(), at: z.string(), passed: z.boolean() }).nullable(),
  replyTo: z.object({ quoted: quoted.nullable() }).nullable(),
  about: quoted.nullable(),
  edits: z.array(said),
  deletions: z.array(said),
  reactions: z.array(said),
  receipts: z.array(said),
  followUpsTotal: z.number(),
  twins: z.array(z.object({ id: z.string(), account: z.string(), method: z.string() })),
  relay: z.object({ state: z.string(), by: z.string(), why: z.string().nullable() }).nullable(),
  gap: z
    .object({
      from: z.string().optional(),
      to: z.string().optional(),
      why: z.string(),
      about: z.string().optional(),
    })
    .nullable(),
  coverage: z
    .object({ from: z.string(), to: z.string(), state: z.string(), excluded: z.number().optional() })
    .nullable(),
  source: z.object({ sha256: z.string(), line: z.number() }).nullable(),
});
export type Entry = z.infer<typeof entry>;

export const thread = z.object({
  conversation: z.object({
    key: z.string(),
    id: z.string(),
    kind: z.string(),
    network: z.string(),
    title: z.string(),
    titles: z.array(z.string()),
  }),
  first: z.string(),
  last: z.string(),
  captures: z.array(
    z.object({
      account: z.string(),
      identifier: z.string(),
      network: z.string(),
      custodian: party.nullable(),
    }),
  ),
  entries: z.array(entry),
  found: z.string().nullable(),
  older: z.string().nullable(),
  newer: z.string().nullable(),
});

export const conversations = z.object({
  conversations: z.array(
    z.object({
      key: z.string(),
      id: z.string(),
      kind: z.string(),
      network: z.string(),
      titles: z.array(z.string()),
      records: z.number(),
      recordsIsExact: z.boolean(),
      first: z.string(),
      last: z.string(),
    }),
  ),
  next: z.string().nullable(),
});

export const followUps = z.object({ followUps: z.array(said), next: z.string().nullable() });

export const proof = z.object({
  id: z.string(),
  shard: z.string(),
  index: z.number(),
  vkey: z.string(),
  leaf: z.string(),
  checkpoint: z.string(),
  proof: z.string(),
  canonical: z.string(),
  sha256: z.string(),
  record: z.object({
    kind: z.string(),
    network: z.string(),
    method: z.string(),
    provenance: z.string(),
    connector: z.object({ name: z.string(), version: z.string() }),
    capturedAt: z.string(),
    source: z.object({ sha256: z.string(), line: z.number(), offsetBytes: z.number() }).optional(),
  }),
  raw: z.string(),
});

export const audits = z.object({
  entries: z.array(
    z.object({
      id: z.string(),
      index: z.number(),
      at: z.string(),
      actor: z.object({ id: z.string(), name: z.string().nullable(), kind: z.string().nullable() }),
      action: z.string(),
      matter: z.object({ id: z.string(), title: z.string().nullable() }).nullable(),
      subject: z.string().nullable(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
  next: z.string().nullable(),
});
