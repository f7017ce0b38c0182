import { createHash, randomInt } from "node:crypto";
import type { Outbound } from "@daybook/contract";
import type { Noted } from "../cdr/noted.ts";
import type { SmppAccount } from "../options.ts";
import type { Numbers } from "../reading/sides.ts";
import { SessionError } from "../session/error.ts";
import type { SmppSession } from "../session/session.ts";
import type { Address, MessageBody } from "../smpp/index.ts";
import type { SmsState, StateChange } from "../state.ts";
import type { Answered, Carrier, Part } from "./carrier.ts";
import { judge } from "./outcome.ts";
import type { Receipts } from "./receipts.ts";
import { textParts, type TextPart } from "./text-parts.ts";

const HAS_HEADER = 0x40;
/** Of success and of failure. SMPP 3.4, 5.2.17 */
const ASKS_FOR_RECEIPT = 1;
const INTERNATIONAL = 1;
const ISDN = 1;
const MAX_REFERENCE = 0x1_0000;

const TOO_LONG =
  "a text message has ten parts at most: 1,520 letters, or 660 where one of them is in no plain alphabet";

export interface SmppCarrierOptions {
  readonly smpp: Pick<SmppAccount, "alphabet" | "referenceBits">;
  readonly receipts: Receipts;
  readonly state: SmsState;
  readonly numbers: Numbers;
  /** Not there where no records of the aggregator's are compared. */
  readonly noted: Noted | undefined;
  readonly now: () => Date;
  /** One that takes requests now. */
  readonly session: () => SmppSession | undefined;
}

/** Sends by submit_sm. */
export function bySmpp(options: SmppCarrierOptions): Carrier {
  const { smpp, receipts, state, numbers, noted, now, session } = options;
  let reference = randomInt(MAX_REFERENCE);
  return {
    who: "the aggregator",
    begin() {
      const { alphabet, referenceBits: bits = 8 } = smpp;
      reference = (reference + 1) % MAX_REFERENCE;
      return { alphabet, bits, reference };
    },
    partsOf(message, writing) {
      const parts = writing && textParts(message.text, writing);
      return (
        parts?.map((part): Part => () => {
          const open = session();
          return open && (() => submit(open, bodyOf(message, part)));
        }) ?? TOO_LONG
      );
    },
    keep: (message, { id, ...place }, change) => {
      const { account, conversation } = message;
      const write = (...changes: StateChange[]) =>
        id === ""
          ? state.write(changes)
          : receipts.remember({ target: nameOf(message), ...place, id, account, conversation }, ...changes);
      if (!noted) return write(change);
      const at = now().getTime();
      // To another official number it is that one's, as a row of it will be.
      const sides = numbers.sides(addressOf(account), addressOf(conversation), at);
      return noted.noting([{ sides, at }], (passed) => write(change, ...passed));
    },
    whileSending: (work) => receipts.whileSending(work),
    nameOf: (message, _id, raw) => ({
      eventId: nameOf(message),
      stableDigest: createHash("sha256").update(raw).digest("hex"),
    }),
  };
}

async function submit(session: SmppSession, body: MessageBody): Promise<Answered> {
  const exchanged = await session.exchange({ command: "submit_sm", body }).catch((cause: unknown) => {
    if (!(cause instanceof SessionError)) throw cause;
    return undefined;
  });
  return exchanged
    ? { judged: judge(exchanged.answer), said: Buffer.concat([exchanged.sent, exchanged.received]) }
    : { judged: { state: "unknown" }, said: Buffer.alloc(0) };
}

/** Nothing is ever put in the place of a message that was sent before: that would be an edit that nobody sees. */
function bodyOf({ account, conversation }: Outbound, part: TextPart): MessageBody {
  return {
    serviceType: "",
    source: addressOf(account),
    destination: addressOf(conversation),
    esmClass: part.hasHeader ? HAS_HEADER : 0,
    ...{ protocolId: 0, priority: 0, scheduleDeliveryTime: "", validityPeriod: "" },
    registeredDelivery: ASKS_FOR_RECEIPT,
    replaceIfPresent: 0,
    dataCoding: part.dataCoding,
    defaultMessageId: 0,
    shortMessage: part.bytes,
    tlvs: [],
  };
}

function addressOf(number: string): Address {
  return { ton: INTERNATIONAL, npi: ISDN, address: number.slice(1) };
}

/** The aggregator's ids are of its parts, and may be used again. */
function nameOf({ id }: Outbound): string {
  return `smpp:sent:${id}`;
}
