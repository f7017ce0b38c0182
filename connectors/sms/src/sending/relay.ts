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
import { CONNECTOR } from "../options.ts";
import type { Numbers } from "../reading/sides.ts";
import type { Carrier, Part, RelayChange, RelayState } from "./carrier.ts";
import { type Begun, progress, type Progress } from "./progress.ts";

const NO_NUMBER = "they write under a name or a short code, which nobody can answer";

export interface SmsRelayOptions {
  /** Who takes messages from an official number, E.164; undefined for one that may not send. */
  readonly carrierOf: (account: string) => Carrier | undefined;
  readonly numbers: Numbers;
  readonly talks: Talks;
  readonly state: RelayState;
  readonly now: () => Date;
}

/**
 * Sends texts, each part once: what may have left is never sent again by itself. Whoever asked not to be written to
 * is not.
 */
export class SmsRelay implements Relay {
  readonly #options: SmsRelayOptions;
  readonly #underWay = new Map<string, Promise<RelayOutcome>>();
  /** What an answer said, and the disk did not take. */
  readonly #unwritten = new Map<string, () => Promise<void>>();
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
    const { carrierOf, numbers, now } = this.#options;
    const isHeld = numbers.custodianOf(account, now().getTime()) !== undefined;
    return isHeld && carrierOf(account) !== undefined;
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
    const carrier = this.#options.carrierOf(message.account);
    if (!sink || !carrier) throw unreached("the provider");
    await this.#unwritten.get(message.id)?.();
    let known = this.#progress(message.id);
    if (known?.state === "sent" || known?.state === "failed") return known;
    if (known?.state === "accepted") return this.#record(message, known, carrier, sink);
    // A process before this one let it go, and did not live to hear.
    if (known?.isLeaving) return this.#fail(message, known, "unknown", lost(carrier));
    const begun: Begun = known ?? {
      ...{ state: "begun", writing: carrier.begin(), taken: [] },
      ...{ isLeaving: false, isThrottled: false },
    };
    const refusal = this.#refusalOf(message, begun, carrier);
    if (refusal) return this.#fail(message, begun, ...refusal);
    const parts = carrier.partsOf(message, begun.writing);
    if (typeof parts === "string") return this.#fail(message, begun, "too-long", parts);
    for (known = begun; known?.state === "begun"; known = this.#progress(message.id)) {
      signal.throwIfAborted();
      await carrier.whileSending(this.#submit(message, known, parts, carrier));
    }
    if (known?.state === "accepted") return this.#record(message, known, carrier, sink);
    if (known?.state === "failed") return known;
    throw unreached(carrier.who);
  }

  /** Why nothing of it may be sent now. */
  #refusalOf(
    message: Outbound,
    { isThrottled }: Begun,
    { who }: Carrier,
  ): readonly [RelayFailure, string] | undefined {
    const { talks, now } = this.#options;
    const { account, conversation, expiresAt } = message;
    if (now().getTime() >= Date.parse(expiresAt))
      return isThrottled
        ? ["rate-limited", `${who} took no more messages in time: wait some minutes, then send it again`]
        : ["offline", `${who} could not be reached in time`];
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
  async #submit(message: Outbound, known: Begun, parts: readonly Part[], carrier: Carrier): Promise<void> {
    const { id } = message;
    const n = known.taken.length;
    const part = parts[n];
    if (!part?.()) throw unreached(carrier.who);
    const leaving: Begun = { ...known, isLeaving: true, isThrottled: false };
    await this.#write(changeOf(id, leaving));
    const letGo = part();
    if (!letGo) {
      await this.#write(changeOf(id, known));
      throw unreached(carrier.who);
    }
    const { judged, said } = await letGo();
    switch (judged.state) {
      case "unknown":
        await this.#fail(message, leaving, "unknown", lost(carrier));
        return;
      case "failed":
        await this.#fail(message, known, judged.code, judged.why);
        return;
      case "again": {
        const { isThrottled } = judged;
        await this.#settle(id, () => this.#write(changeOf(id, { ...known, isThrottled })));
        if (!isThrottled) throw unreached(carrier.who);
        throw new ConnectorError("network-unavailable", `${carrier.who} takes no more messages just now`);
      }
      case "accepted": {
        const taken = [...known.taken, said.toString("base64")];
        const next: Progress =
          taken.length === parts.length
            ? { state: "accepted", at: this.#options.now().getTime(), taken, id: judged.id }
            : { ...known, taken, isThrottled: false };
        const of = { part: n + 1, parts: parts.length, id: judged.id };
        await this.#settle(id, () => carrier.keep(message, of, changeOf(id, next)));
      }
    }
  }

  async #record(
    message: Outbound,
    { at, taken, id: given }: Extract<Progress, { state: "accepted" }>,
    carrier: Carrier,
    sink: Sink,
  ): Promise<RelayOutcome> {
    const { id, account, custodian, conversation, text, by } = message;
    const raw = Buffer.concat(taken.map((said) => Buffer.from(said, "base64")));
    const name = carrier.nameOf(message, given, raw);
    const captured: Captured = {
      ...name,
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
        networkId: name.eventId,
        relay: { id, state: "sent", by },
        raw: raw.toString("base64"),
        connector: CONNECTOR,
      },
    };
    await sink.capture([captured]);
    await this.#write(changeOf(id, { state: "sent", networkId: name.eventId }));
    return { state: "sent", networkId: name.eventId };
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
    await this.#settle(id, () => this.#write(changeOf(id, failed)));
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

  #progress(id: string): Progress | undefined {
    return progress.safeParse(this.#options.state.get("relayed", id)).data;
  }

  #write(change: RelayChange): Promise<void> {
    return this.#options.state.write([change]);
  }
}

function changeOf(id: string, value: Progress): RelayChange {
  return { kind: "relayed", name: id, value };
}

function lost({ who }: Carrier): string {
  return `${who}'s answer was lost: nobody knows whether it was sent`;
}

function unreached(who: string): ConnectorError {
  return new ConnectorError("network-unavailable", `${who} could not be reached`);
}
