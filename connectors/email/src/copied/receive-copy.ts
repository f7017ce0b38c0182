import type { Captured } from "@daybook/contract";
import { captureBatches, type Log, type ScopedSink } from "@daybook/keeping";
import { fieldsOf, type MailFields } from "../events/fields.ts";
import { type About, eventsOf, idOf, inPlaceOf, type MailParts } from "../events/message.ts";
import type { Incoming } from "../intake/smtp-intake.ts";
import { type Arrived, type Mailbox, UNASSIGNED } from "../journal/receive.ts";
import { isReturned } from "../journal/report.ts";
import { hasBareBreaks } from "../reading/header-block.ts";
import type { MailReader } from "../reading/mail-reader.ts";
import { type ReadMessage, readMessage } from "../reading/read-message.ts";
import type { CopyAddresses } from "./addresses.ts";
import { isAutomatic, judge, type Judgement } from "./judge.ts";
import {
  isVouchedFor,
  KINDS,
  lateInWords,
  lateness,
  proposalOf,
  type Strength,
  strengthOf,
  vouchedInWords,
} from "./worth.ts";

/** Enclosed messages that become records of their own; more stay attachments of what encloses them. */
const MAX_ENCLOSED = 50;

export interface ReceiveCopyOptions {
  /** Whether it is a test of this way and nothing else: then that it arrived is durable, and it is no record. */
  readonly isTest?: ((arrived: Arrived) => Promise<boolean>) | undefined;
  readonly sink: ScopedSink;
  readonly reader: MailReader;
  readonly addresses: CopyAddresses;
  /** Private mailboxes that custodians registered. */
  readonly mailboxes: readonly Mailbox[];
  readonly lateAfterDays: number;
  readonly log: Log;
}

/** What was kept of a copy. */
export interface KeptCopy {
  readonly account: string;
  readonly digest: string;
  readonly kind: Judgement["kind"];
  readonly strength: Strength;
  /** Digests of the messages that it encloses. */
  readonly enclosed: readonly string[];
  /** Who is told so: the registered address that sent it, unless a program did, or scope left it out. */
  readonly sentBy?: string;
  readonly messageId?: string;
  /** How records name it. */
  readonly networkId: string;
}

interface Enclosed {
  readonly content: Uint8Array;
  readonly read: ReadMessage;
  readonly fields: MailFields;
}

/**
 * Hands on what came to the official address. Resolves once all is durable; of a test, with nothing. Delivering it again is
 * harmless. It is supplied by who sent it, whatever vouches for it; what that is, and how late it came, a notice beside it says.
 *
 * @throws {ConnectorError} retryable: nobody knows what is durable, deliver it again
 */
export async function receiveCopy(
  incoming: Incoming,
  options: ReceiveCopyOptions,
): Promise<KeptCopy | undefined> {
  const { sink, reader, addresses, mailboxes, lateAfterDays } = options;
  const { bytes, receivedAt, from: envelopeFrom } = incoming;
  const read = await readMessage(bytes, reader);
  const { fields } = fieldsFrom(read);
  const judged = judge(read, fields, { envelopeFrom, addresses, mailboxes });
  const ids = idOf("copied", read.stable);
  if (read.result.refused === undefined && !isReturned(read.block)) {
    const { reading } = read.result;
    const isAlone = judged.enclosed.length === 0;
    const arrived = { message: bytes, reading, isAlone, digest: ids.stableDigest };
    if (await options.isTest?.(arrived)) return undefined;
  }
  const enclosed: Enclosed[] = [];
  for (const { content } of judged.enclosed.slice(0, MAX_ENCLOSED)) {
    const inner = await readMessage(Buffer.from(content), reader);
    enclosed.push({ content, read: inner, fields: fieldsFrom(inner).fields });
  }
  const lateMs = lateness(judged.kind === "inline" ? judged.quoted?.time : fields, receivedAt);
  const isVouched = isVouchedFor(read.authenticity);
  const about = enclosed.length > 0 ? enclosed.map(({ read: one }) => one.authenticity) : [read.authenticity];
  const strength = strengthOf(judged.kind, about.every(isVouchedFor), lateMs);
  const post = addresses.postOf(incoming.to);
  const { owner } = judged;
  const core = {
    method: "copied",
    provenance: "supplied",
    account: owner?.addresses[0] ?? UNASSIGNED,
    ...(owner && { custodian: owner.custodian }),
    receivedAt: receivedAt.toISOString(),
  } as const;
  const outer: MailParts = {
    ...read,
    ...ids,
    delivered: bytes,
    ...(isReturned(read.block) && { kind: "notice" as const }),
    doubts: [
      ...(hasBareBreaks(bytes) ? ["it has lines that end otherwise than SMTP has them"] : []),
      ...(owner ? [] : ["it names no address that is registered: nobody knows whose copy it is"]),
      ...(judged.enclosed.length > MAX_ENCLOSED ? ["it encloses more messages than get records"] : []),
    ],
    remarks: [
      KINDS[judged.kind],
      ...(judged.kind === "copied" || judged.kind === "redirected" ? [vouchedInWords(isVouched)] : []),
      ...(post === undefined ? [] : [`It was sent to the official address of: ${post}.`]),
      ...(judged.quoted ? [proposalOf(judged.quoted)] : []),
      ...lateInWords(lateMs, lateAfterDays, judged.kind === "inline" ? "the date that it quotes" : undefined),
    ],
    facts: {
      envelope: { from: envelopeFrom, to: incoming.to },
      copy: {
        kind: judged.kind,
        strength,
        ...(post !== undefined && { post }),
        ...(lateMs !== undefined && { lateSeconds: Math.round(lateMs / 1_000) }),
        ...(judged.quoted && { proposed: judged.quoted }),
        ...(enclosed.length > 0 && {
          enclosed: enclosed.map(({ read: one }) => idOf("", one.stable).stableDigest),
        }),
      },
    },
  };
  const isForwarded = judged.kind !== "copied" && judged.kind !== "written";
  const drafts: Captured[] = [];
  /** @returns whether scope takes it */
  const keep = async (parts: MailParts, more: Partial<About>, conversation: MailFields["conversation"]) => {
    const isLeftOut = await sink.excludes?.({ ...core, network: "email", conversation });
    drafts.push(...(await eventsOf(parts, { ...core, ...more }, isLeftOut ? undefined : sink)));
    return isLeftOut !== true;
  };
  const direction = (by: MailFields) =>
    by.sender && owner?.addresses.includes(by.sender.id) ? ("outgoing" as const) : ("incoming" as const);
  const isKept = await keep(
    outer,
    { ...(owner && { direction: direction(fields) }), ...(isForwarded && { forwarded: true }) },
    fields.conversation,
  );
  for (const one of enclosed) {
    await keep(
      enclosedParts(one, { by: ids.eventId, receivedAt, lateAfterDays }),
      owner ? { direction: direction(one.fields) } : {},
      one.fields.conversation,
    );
  }
  await captureBatches(drafts, { sink, log: options.log, inPlaceOf });
  const { sentBy } = judged;
  const isOneFrom = read.block.fields.filter(({ name }) => name === "from").length === 1;
  return {
    account: core.account,
    digest: ids.stableDigest,
    kind: judged.kind,
    strength,
    enclosed: enclosed.map(({ read: one }) => idOf("", one.stable).stableDigest),
    ...(sentBy !== undefined && isKept && isOneFrom && !isAutomatic(read.block, envelopeFrom) && { sentBy }),
    ...(read.result.refused === undefined &&
      read.result.reading.messageId !== undefined && { messageId: read.result.reading.messageId }),
    networkId: fields.networkId ?? ids.eventId,
  };
}

/** A message within another: its bytes are exact, so it is a record of its own, the same however often it is forwarded. */
function enclosedParts(
  { content, read, fields }: Enclosed,
  of: { readonly by: string; readonly receivedAt: Date; readonly lateAfterDays: number },
): MailParts {
  const lateMs = lateness(fields, of.receivedAt);
  return {
    ...read,
    ...idOf("enclosed", read.stable),
    delivered: content,
    remarks: [
      "It was enclosed in a message to the official address, byte for byte.",
      vouchedInWords(isVouchedFor(read.authenticity)),
      ...lateInWords(lateMs, of.lateAfterDays),
    ],
    facts: {
      copy: {
        kind: "enclosed",
        in: of.by,
        ...(lateMs !== undefined && { lateSeconds: Math.round(lateMs / 1_000) }),
      },
    },
  };
}

function fieldsFrom({ result, block, stable }: ReadMessage): { fields: MailFields } {
  return fieldsOf(result.refused === undefined ? result : { refused: result.refused, block }, {
    block,
    stable,
  });
}
