import { z } from "zod";
import { messageIdOf } from "../reading/header-block.ts";

const address = z
  .string()
  .max(2_048)
  .nullish()
  .transform((value) => (value ?? "").trim().toLowerCase());

/** What became of one message on its way to one recipient. @see Microsoft Graph, "exchangeMessageTrace" */
export const traceRow = z.looseObject({
  /** Of the message within Exchange, which calls it network message id. */
  id: z
    .string()
    .max(256)
    .nullish()
    .transform((value) => value ?? ""),
  messageId: z.string().max(4_096).nullish(),
  subject: z.string().max(65_536).nullish(),
  senderAddress: address,
  recipientAddress: address,
  receivedDateTime: z.iso.datetime({ offset: true }).transform((value) => new Date(value).getTime()),
  /** Its documentation writes `Delivered` and `delivered`. */
  status: z
    .string()
    .max(64)
    .nullish()
    .transform((value) => (value ?? "").toLowerCase()),
});
export type TraceRow = z.infer<typeof traceRow>;

/** How a row stands to what a journal tells of. */
export type Standing =
  /** It went its way: the journal has it. */
  | "counts"
  /** It was stopped on its way: whether a journal tells of such, Microsoft does not say. It is counted by itself. */
  | "stopped"
  /** What becomes of it is not known yet. */
  | "under-way";

const STANDINGS: Readonly<Record<string, Standing>> = {
  delivered: "counts",
  filteredasspam: "counts",
  // The list got it; its members have rows of their own.
  expanded: "counts",
  failed: "stopped",
  quarantined: "stopped",
};

/** A status that is not documented is of something that is under way. */
export function standingOf({ status }: TraceRow): Standing {
  return STANDINGS[status] ?? "under-way";
}

/** The names by which a journal may have told of it; the first is shown. */
export function namesOf({ id, messageId }: TraceRow): readonly string[] {
  const name = messageIdOf(messageId ?? undefined);
  return [...(name === undefined ? [] : [name]), ...(id === "" ? [] : [networkName(id)])];
}

/** Exchange's own id of a message, as a name beside Message-IDs: it can be none of those. */
export function networkName(id: string): string {
  return `network message id ${id.trim().toLowerCase()}`;
}
