import type { Captured, Party } from "@daybook/contract";
import { captureBatches, type Log, type ScopedSink } from "@daybook/keeping";
import { fieldsOf } from "../events/fields.ts";
import { eventsOf, idOf, inPlaceOf, type MailParts } from "../events/message.ts";
import type { Incoming } from "../intake/smtp-intake.ts";
import { hasBareBreaks, readHeaderBlock, sha256, withoutTrace } from "../reading/header-block.ts";
import type { MailReader } from "../reading/mail-reader.ts";
import { readMessage } from "../reading/read-message.ts";
import type { MailReading } from "../reading/reading.ts";
import { journaledNames } from "../trace/journaled.ts";
import { claimsReport, isReturned, type JournalEnvelope, openReport } from "./report.ts";

/** A governed mailbox: all its addresses are one account, named by the first. */
export interface Mailbox {
  /** In lower case. */
  readonly addresses: readonly [string, ...string[]];
  readonly custodian: Party;
}

/** A message as a journal tells of it. */
export interface Arrived {
  /** Its bytes: of a report, those of the message within. */
  readonly message: Uint8Array;
  readonly reading: MailReading;
  /** Of a report. */
  readonly journal?: JournalEnvelope | undefined;
  /** Whether its report holds no other message. */
  readonly isAlone: boolean;
  /** The same at every redelivery. */
  readonly digest: string;
}

export interface ReceiveOptions {
  /** Whether it is a test of the journal and nothing else: then that it arrived is durable, and it is no record. */
  readonly isTest?: ((arrived: Arrived) => Promise<boolean>) | undefined;
  readonly sink: ScopedSink;
  readonly reader: MailReader;
  readonly mailboxes: readonly Mailbox[];
  readonly log: Log;
}

/** The account of what concerns no governed mailbox: no mail that was handed over is lost. */
export const UNASSIGNED = "unassigned";

/** What became of what a journal delivered. */
export interface Received {
  /** Its beginning; of a test there is none, for nothing is kept. */
  readonly digest: string | undefined;
  /** Of the governed mailboxes that are concerned. */
  readonly accounts: readonly string[];
  /** Of the message, as the tenant's message trace may name it. */
  readonly names: readonly string[];
  /** As the message says. */
  readonly sentAt: string | undefined;
}

/**
 * Hands on what a journal delivered: one record for each governed mailbox that is concerned. Resolves once all is
 * durable. Delivering it again is harmless.
 *
 * @throws {ConnectorError} retryable: nobody knows what is durable, deliver it again
 */
export async function receive(incoming: Incoming, options: ReceiveOptions): Promise<Received> {
  const { sink, mailboxes, isTest } = options;
  const parts = await partsOf(incoming, options.reader);
  const read =
    parts.result.refused === undefined ? parts.result : { refused: parts.result.refused, block: parts.block };
  const { fields } = fieldsOf(read, parts);
  const senders = new Set([fields.sender?.id, parts.journal?.sender]);
  if (parts.result.refused === undefined) {
    for (const { address } of [...parts.result.reading.from, ...parts.result.reading.sender])
      senders.add(address);
  }
  const recipients = new Set((fields.recipients ?? []).map(({ id }) => id));
  for (const address of parts.more?.addresses ?? []) recipients.add(address);
  const concerned = mailboxes.flatMap(({ addresses, custodian }) => {
    const isSender = addresses.some((address) => senders.has(address));
    if (!isSender && !addresses.some((address) => recipients.has(address))) return [];
    return [
      {
        account: addresses[0],
        custodian,
        direction: isSender ? ("outgoing" as const) : ("incoming" as const),
      },
    ];
  });
  const accounts = concerned.map(({ account }) => account);
  const names = journaledNames(parts.block, parts.journal?.messageId);
  const told = { accounts, names, sentAt: fields.sentAt };
  const arrived = arrivedOf(parts);
  if (arrived && (await isTest?.(arrived))) return { ...told, digest: undefined };
  const drafts: Captured[] = [];
  for (const one of concerned.length > 0 ? concerned : [{ account: UNASSIGNED }]) {
    const about = {
      ...one,
      method: "journal",
      provenance: "journaled",
      receivedAt: incoming.receivedAt.toISOString(),
    } as const;
    const isLeftOut = await sink.excludes?.({
      ...about,
      network: "email",
      conversation: fields.conversation,
    });
    drafts.push(...(await eventsOf(parts, about, isLeftOut ? undefined : sink)));
  }
  await captureBatches(drafts, { ...options, inPlaceOf });
  return { ...told, digest: parts.stableDigest.slice(0, 16) };
}

type Opened = MailParts & {
  /** Of a report. */
  readonly journal?: JournalEnvelope;
};

/** Undefined of what came back, and of what cannot be read. */
function arrivedOf({ kind, result, enclosed = [], delivered, journal, stableDigest }: Opened) {
  if (kind === "notice" || result.refused !== undefined) return undefined;
  const message = enclosed[0]?.content ?? delivered;
  const { reading } = result;
  return { message, reading, journal, isAlone: enclosed.length <= 1, digest: stableDigest };
}

async function partsOf(incoming: Incoming, reader: MailReader): Promise<Opened> {
  const { bytes } = incoming;
  const block = readHeaderBlock(bytes);
  const bare = hasBareBreaks(bytes) ? ["it has lines that end otherwise than SMTP has them"] : [];
  const envelope = { from: incoming.from, to: incoming.to };
  if (!claimsReport(block)) {
    const read = await readMessage(bytes, reader);
    return {
      ...read,
      ...idOf("copy", read.stable),
      delivered: bytes,
      doubts: bare,
      ...(isReturned(block) && { kind: "notice" as const }),
    };
  }
  const outer = await reader.read(bytes);
  const opened = outer.refused === undefined ? openReport(outer.reading) : undefined;
  const [first] = opened?.inner ?? [];
  if (!opened || !first) {
    const stable = withoutTrace(bytes, block);
    const doubt = "it says that it is a journal report, and no message could be found in it";
    return {
      block,
      stable,
      result: outer,
      ...idOf("copy", stable),
      delivered: bytes,
      kind: "notice",
      doubts: [...bare, doubt],
    };
  }
  const { envelope: journal, text, inner } = opened;
  const read = await readMessage(Buffer.from(first.content), reader);
  const from =
    read.result.refused === undefined ? [...read.result.reading.from, ...read.result.reading.sender] : [];
  const isOther = journal.sender !== undefined && !from.some(({ address }) => address === journal.sender);
  return {
    ...read,
    // Not of the trace: a report that is sent again is the same.
    ...idOf("journal", sha256(text), ...inner.map(({ content }) => sha256(content))),
    delivered: bytes,
    enclosed: inner.map((one, i) => ({ ...one, name: i === 0 ? "original.eml" : one.name })),
    more: { addresses: journal.recipients.map(({ address }) => address) },
    journal,
    doubts: [
      ...bare,
      ...(isOther ? ["the journal names another sender than From"] : []),
      ...(inner.length > 1 ? [`its report holds ${inner.length} messages: the first is shown`] : []),
      ...(journal.unknownLines > 0 ? [`${journal.unknownLines} lines of its report are not understood`] : []),
    ],
    remarks: remarksOf(journal),
    facts: { envelope, journal },
  };
}

/** What the report alone knows of who got it. */
function remarksOf({ recipients }: JournalEnvelope): string[] {
  const blind = recipients.filter((one) => one.class === "bcc").length;
  const through = recipients.filter(({ by }) => by !== undefined).length;
  return [
    ...(blind > 0 ? [`By the journal, ${blind} of its recipients got a blind copy.`] : []),
    ...(through > 0
      ? [`By the journal, ${through} of its recipients got it through a list, or forwarded.`]
      : []),
  ];
}
