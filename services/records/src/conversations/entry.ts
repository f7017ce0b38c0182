import { event, eventKind, method, network, provenance } from "@daybook/contract";
import { z } from "zod";

const count = z.int().nonnegative();

/** A person or account as the source names them, and the post that they held at that time, where it is known. */
const person = z.object({ id: z.string(), name: z.string(), post: z.string().nullable() });

/** Which clock a time is of. */
const clock = z
  .enum(["network", "source", "capture"])
  .describe(
    "network: UTC; source: a wall clock without a zone; capture: Daybook's own, UTC, where the source gives no time",
  );

const attachment = z.object({
  n: count.describe("Its number among the record's attachments"),
  name: z.string(),
  mediaType: z.string(),
  sizeBytes: count,
  sha256: z.string(),
  inline: z
    .enum(["image", "audio"])
    .nullable()
    .describe("What it claims to be, if a browser may be shown that"),
});

/** What every record of a thread says of itself. */
const said = {
  id: z.string(),
  kind: eventKind,
  at: z.string().describe("RFC 3339; without a zone where the clock is `source`"),
  clock,
  sender: person.nullable(),
  text: z.string().nullable(),
  marks: z
    .array(z.array(count).length(2))
    .describe("What a search found in the text: code points, `[start, end)`, in order"),
  textIsWhole: z.boolean().describe("Whether it is all of the text: see the record itself"),
  attachments: z.array(attachment),
  attachmentsTotal: count,
  selected: z.boolean().describe("Whether it is in the matter's selection"),
};

/** An edit, deletion, reaction or receipt, where it stands with what it is about. */
const followUp = z.object(said);

const quoted = z.object({
  id: z.string(),
  at: z.string(),
  clock,
  sender: z.object({ id: z.string(), name: z.string() }).nullable(),
  text: z.string().nullable().describe("Its beginning"),
});

export const entry = z.object({
  ...said,
  conversationWide: z
    .boolean()
    .describe(
      "Whether it is of the conversation, rather than an interval of the account that meets the page",
    ),
  network,
  method,
  provenance,
  connector: event.shape.connector,
  account: z.string().describe("Keyed number of the account that saw it"),
  custodian: person.nullable(),
  receivedAt: z.string().nullable(),
  capturedAt: z.string(),
  direction: z.enum(["incoming", "outgoing"]).nullable(),
  recipients: z.array(z.object({ id: z.string(), name: z.string() })).describe("The first of them"),
  recipientsTotal: count,
  forwarded: z.boolean(),
  viewOnce: z.boolean(),
  expiry: z
    .object({ afterSeconds: count, at: z.string().describe("The earliest"), passed: z.boolean() })
    .nullable()
    .describe("When it was to disappear from the network; it is kept here"),
  replyTo: z
    .object({ quoted: quoted.nullable() })
    .nullable()
    .describe("What it answers, where that was captured"),
  about: quoted
    .nullable()
    .describe("What an edit, deletion, vote or the like is about, where it stands alone"),
  edits: z.array(followUp).describe("Later versions, oldest first"),
  deletions: z.array(followUp),
  reactions: z.array(followUp),
  receipts: z.array(followUp),
  followUpsTotal: count.describe("Of all four; more than 2,000 are not counted"),
  twins: z
    .array(z.object({ id: z.string(), account: z.string(), method }))
    .describe("Other captures of the same, by another account or method"),
  relay: z
    .object({ state: z.enum(["requested", "sent", "failed"]), by: z.string(), why: z.string().nullable() })
    .nullable()
    .describe("Of what was written in Daybook"),
  gap: event.shape.gap.unwrap().nullable(),
  coverage: event.shape.coverage.unwrap().nullable(),
  source: event.shape.source.unwrap().nullable(),
});

export type Entry = z.infer<typeof entry>;
export type FollowUp = z.infer<typeof followUp>;
export type Quoted = z.infer<typeof quoted>;

export const threadAnswer = z.object({
  conversation: z.object({
    key: z.string(),
    id: z.string(),
    kind: z.string(),
    network: z.string(),
    title: z.string(),
    titles: z.array(z.string()).readonly(),
  }),
  first: z.string().describe("Of all that is kept of it"),
  last: z.string(),
  captures: z
    .array(
      z.object({
        account: z.string(),
        identifier: z.string(),
        network,
        custodian: z.object({ id: z.string(), name: z.string() }).nullable(),
      }),
    )
    .describe("Accounts by which what is on the page was captured"),
  entries: z.array(entry).describe("Oldest first"),
  found: z.string().nullable().describe("The entry that `around` named"),
  older: z.string().nullable(),
  newer: z.string().nullable(),
});

export type ThreadAnswer = z.infer<typeof threadAnswer>;
export { followUp };
