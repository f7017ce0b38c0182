import { createHash, randomInt } from "node:crypto";
import {
  type Captured,
  ConnectorError,
  type Outbound,
  type Relay,
  type RelayConversation,
  type RelayFailure,
  type RelayOutcome,
  type Sink,
} from "@daybook/contract";
import type { Talks } from "../intake/talks.ts";
import { CONNECTOR, type SmppAccount } from "../options.ts";
import type { Numbers } from "../reading/sides.ts";
import { SessionError } from "../session/error.ts";
import type { SmppSession } from "../session/session.ts";
import type { Address, MessageBody } from "../smpp/index.ts";
import type { SmsState, StateChange } from "../state.ts";
import { judge } from "./outcome.ts";
import { type Begun, progress, type Progress } from "./progress.ts";
import type { Receipts } from "./receipts.ts";
import { textParts, type TextPart, type Writing } from "./text-parts.ts";

const HAS_HEADER = 0x40;
/** Of success and of failure. SMPP 3.4, 5.2.17 */
const ASKS_FOR_RECEIPT = 1;
const INTERNATIONAL = 1;
const ISDN = 1;
const MAX_REFERENCE = 0x1_0000;

const LOST = "the aggregator's answer was lost: nobody knows whether it was sent";
const LATE = "the aggregator could not be reached in time";
const THROTTLED = "the aggregator took no more messages in time: wait some minutes, then send it again";
const TOO_LONG =
  "a text message has ten parts at most: 1,520 letters, or 660 where one of them is in no plain alphabet";
const NO_NUMBER = "they write under a name or a short code, which nobody can answer";

export interface SmsRelayOptions {
  /** Those that may send, E.164. */
  readonly accounts: ReadonlySet<string>;
  readonly smpp: Pick<SmppAccount, "alphabet" | "referenceBits">;
  readonly numbers: Numbers;
  readonly talks: Talks;
  readonly receipts: Receipts;
  readonly state: SmsState;
  /** One that takes requests now. */
  readonly session: () => SmppSession | undefined;
  readonly now: () => Date;
}

/**
 * Sends by submit_sm, each part once: what may have left is never sent again by itself. Whoever asked not to be written to
 * is not.
 */
export class SmsRelay implements Relay {
  readonly #options: SmsRelayOptions;
  readonly #underWay = new Map<string, Promise<RelayOutcome>>();
  /** What an answer said, and the disk did not take. */
  readonly #unwritten = new Map<string, () => Promise<void>>();
  #reference = randomInt(MAX_REFERENCE);
  #sink: Sink | undefined;

  constructor(options: SmsRelayOptions) {
    this.#options = options;
  }

  /** From now on messages can be recorded, and so be sent; with undefined not any more. */
  recordTo(sink: Sink | undefined): void {
    this.#sink = sink;
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay.values());
  }

  has(account: string): boolean {
    const { accounts, numbers, now } = this.#options;
    return accounts.has(account) && numbers.custodianOf(account, now().getTime()) !== undefined;
  }

  conversation(account: string, id: string): Promise<RelayConversation | undefined> {
    const isKnown = this.has(account) && this.#options.talks.has(account, id, this.#options.now().getTime());
    return Promise.resolve(isKnown ? { id, title: id, kind: "direct" } : undefined);
  }

  send(message: Outbound, signal: AbortSignal): Promise<RelayOutcome> {
    const sending = this.#underWay.get(message.id) ?? this.#send(message, signal);
    this.#underWay.set(message.id, sending);
    const done = () => void this.#underWay.delete(message.id);
    sending.then(done, done);
    return sending;
  }

  async #send(message: Outbound, signal: AbortSignal): Promise<RelayOutcome> {
    const sink = this.#sink;
    if (!sink) throw unreached();
    await this.#unwritten.get(message.id)?.();
    let known = this.#progress(message.id);
    if (known?.state === "sent" || known?.state === "failed") return known;
    if (known?.state === "accepted") return this.#record(message, known, sink);
    // A process before this one let it go, and did not live to hear.
    if (known?.isLeaving) return this.#fail(message, known, "unknown", LOST);
    const begun: Begun = known ?? {
      ...{ state: "begun", writing: this.#writing(), taken: [] },
      ...{ isLeaving: false, isThrottled: false },
    };
    const refusal = this.#refusalOf(message, begun);
    if (refusal) return this.#fail(message, begun, ...refusal);
    const parts = textParts(message.text, begun.writing);
    if (!parts) return this.#fail(message, begun, "too-long", TOO_LONG);
    for (known = begun; known?.state === "begun"; known = this.#progress(message.id)) {
      signal.throwIfAborted();
      const submitting = this.#submit(message, known, parts);
      await this.#options.receipts.whileSending(submitting);
    }
    if (known?.state === "accepted") return this.#record(message, known, sink);
    if (known?.state === "failed") return known;
    throw unreached();
  }

  /** Why nothing of it may be sent now. */
  #refusalOf(message: Outbound, { isThrottled }: Begun): readonly [RelayFailure, string] | undefined {
    const { talks, now } = this.#options;
    const { account, conversation, expiresAt } = message;
    if (now().getTime() >= Date.parse(expiresAt))
      return isThrottled ? ["rate-limited", THROTTLED] : ["offline", LATE];
    if (!this.has(account) || !talks.has(account, conversation, now().getTime()))
      return ["no-such-conversation", "the number is in no such conversation"];
    const stoppedAt = talks.stoppedAt(account, conversation);
    if (stoppedAt !== undefined) {
      const day = new Date(stoppedAt).toISOString().slice(0, 10);
      return ["refused", `they asked by STOP on ${day} not to be written to: only their START ends that`];
    }
    return /^\+\d{7,15}$/.test(conversation) ? undefined : ["no-such-recipient", NO_NUMBER];
  }

  /** Lets the next part go, and hears what becomes of it. @throws {ConnectorError} retryable: it was not taken */
  async #submit(message: Outbound, known: Begun, parts: readonly TextPart[]): Promise<void> {
    const { id } = message;
    const { session: open, receipts } = this.#options;
    const n = known.taken.length;
    const part = parts[n];
    if (!part || !open()) throw unreached();
    const leaving: Begun = { ...known, isLeaving: true, isThrottled: false };
    await this.#write([changeOf(id, leaving)]);
    const session = open();
    if (!session) {
      await this.#write([changeOf(id, known)]);
      throw unreached();
    }
    const exchanged = await session
      .exchange({ command: "submit_sm", body: bodyOf(message, part) })
      .catch((cause: unknown) => {
        if (!(cause instanceof SessionError)) throw cause;
        return undefined;
      });
    const judged = exchanged ? judge(exchanged.answer) : { state: "unknown" as const };
    switch (judged.state) {
      case "unknown":
        await this.#fail(message, leaving, "unknown", LOST);
        return;
      case "failed":
        await this.#fail(message, known, judged.code, judged.why);
        return;
      case "again":
        await this.#settle(id, () => this.#write([changeOf(id, { ...known, isThrottled: true })]));
        throw new ConnectorError("network-unavailable", "the aggregator takes no more messages just now");
      case "accepted": {
        const pdus = exchanged ? Buffer.concat([exchanged.sent, exchanged.received]).toString("base64") : "";
        const taken = [...known.taken, pdus];
        const next: Progress =
          taken.length === parts.length
            ? { state: "accepted", at: this.#options.now().getTime(), taken }
            : { ...known, taken, isThrottled: false };
        const { account, conversation } = message;
        const of = { target: nameOf(id), part: n + 1, parts: parts.length, account, conversation };
        await this.#settle(id, () =>
          judged.id === ""
            ? this.#write([changeOf(id, next)])
            : receipts.remember({ ...of, id: judged.id }, changeOf(id, next)),
        );
      }
    }
  }

  async #record(
    message: Outbound,
    { at, taken }: Extract<Progress, { state: "accepted" }>,
    sink: Sink,
  ): Promise<RelayOutcome> {
    const { id, account, custodian, conversation, text, by } = message;
    const raw = Buffer.concat(taken.map((pdus) => Buffer.from(pdus, "base64")));
    const networkId = nameOf(id);
    const captured: Captured = {
      eventId: networkId,
      stableDigest: createHash("sha256").update(raw).digest("hex"),
      event: {
        v: 1,
        kind: "message",
        network: "sms",
        method: "carrier",
        provenance: "captured",
        account,
        custodian: this.#options.numbers.custodianOf(account, at) ?? custodian,
        conversation: { id: conversation, title: conversation, kind: "direct" },
        sender: { id: account, name: custodian.name },
        recipients: [{ id: conversation, name: "" }],
        direction: "outgoing",
        sentAt: new Date(at).toISOString(),
        text,
        networkId,
        relay: { id, state: "sent", by },
        raw: raw.toString("base64"),
        connector: CONNECTOR,
      },
    };
    await sink.capture([captured]);
    await this.#write([changeOf(id, { state: "sent", networkId })]);
    return { state: "sent", networkId };
  }

  async #fail(
    { id }: Outbound,
    { taken: { length: sent } }: Begun,
    code: RelayFailure,
    reason: string,
  ): Promise<RelayOutcome> {
    const first = sent === 1 ? "its first part was sent" : `its first ${sent} parts were sent`;
    const partly = sent === 0 ? "" : `; ${first}`;
    const look = code === "unknown" ? ": ask them before it is sent again" : "";
    const failed = { state: "failed" as const, code, why: `${reason}${partly}${look}` };
    await this.#settle(id, () => this.#write([changeOf(id, failed)]));
    return failed;
  }

  /** What is known by now is not forgotten where the disk does not take it: it is written with the next call. */
  async #settle(id: string, write: () => Promise<void>): Promise<void> {
    const again = async () => {
      await write();
      this.#unwritten.delete(id);
    };
    this.#unwritten.set(id, again);
    await again();
  }

  #writing(): Writing {
    const { alphabet, referenceBits = 8 } = this.#options.smpp;
    this.#reference = (this.#reference + 1) % MAX_REFERENCE;
    return { alphabet, bits: referenceBits, reference: this.#reference };
  }

  #progress(id: string): Progress | undefined {
    return progress.safeParse(this.#options.state.get("relayed", id)).data;
  }

  #write(changes: readonly StateChange[]): Promise<void> {
    return this.#options.state.write(changes);
  }
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

/** Of a message in records: the aggregator's ids are of its parts, and may be used again. */
function nameOf(id: string): string {
  return `smpp:sent:${id}`;
}

function changeOf(id: string, value: Progress): StateChange {
  return { kind: "relayed", name: id, value };
}

function unreached(): ConnectorError {
  return new ConnectorError("network-unavailable", "the aggregator could not be reached");
}
