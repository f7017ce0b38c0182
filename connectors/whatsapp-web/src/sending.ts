import { setTimeout as sleep } from "node:timers/promises";
import {
  ConnectorError,
  type Outbound,
  party,
  type RelayFailure,
  relayFailure,
  type RelayOutcome,
} from "@daybook/contract";
import { z } from "zod";
import { type AccountState, readLooked, REMEMBERED_MS } from "./account/kept.ts";
import { WebError } from "./error.ts";
import type { PagePort } from "./page-port.ts";
import type { Draft } from "./reading/drafts.ts";

/** The page, as far as sending asks it. */
export interface SendingPage {
  ask(what: "newMessageId"): Promise<unknown>;
  ask(what: "send", ...args: Parameters<PagePort["send"]>): Promise<unknown>;
}

/** What stands in the way of an account's sending anything. */
export interface Refusal {
  readonly code: RelayFailure;
  readonly why: string;
}

const outcome = z.discriminatedUnion("state", [
  z.object({ state: z.literal("sent"), networkId: z.string() }),
  z.object({ state: z.literal("failed"), code: relayFailure, why: z.string() }),
]);

/** One that was asked for: on disk, with WhatsApp's id of it, before it leaves. */
const relayed = z.object({
  id: z.string(),
  networkId: z.string().optional(),
  by: party,
  /** When it began, milliseconds since 1970. */
  at: z.int(),
  outcome: outcome.optional(),
});
type Relayed = z.infer<typeof relayed>;

const messageId = z.string().min(1).max(512);
const sent = z.enum(["told", "no-chat", "not-sent"]);
const answered = z.object({ msg: z.object({ ack: z.number() }) });

const LOOK_MS = 50;
const UNKNOWN = "WhatsApp Web did not say that it was sent: look at the conversation before it is sent again";

/**
 * Answers of one account, through its own WhatsApp Web. A message leaves at most once, under an id that is on disk before:
 * by it what the page shows, then or after a crash, is known as Daybook's, whoever else writes the same words.
 */
export class Sending {
  readonly #state: AccountState;
  readonly #now: () => Date;
  readonly #answerMs: number;
  readonly #known = new Map<string, Relayed>();
  readonly #byNetworkId = new Map<string, Relayed>();
  /** Since when a look through the page shows what became of one that nobody has an answer to. */
  readonly #doubtfulSince = new Map<string, number>();
  readonly #begunAt: number;

  /** @param answerMs how long WhatsApp may take to answer */
  constructor(state: AccountState, now: () => Date, answerMs: number) {
    this.#state = state;
    this.#now = now;
    this.#answerMs = answerMs;
    this.#begunAt = now().getTime();
    for (const one of state.all("relayed")) {
      const { data } = relayed.safeParse(one);
      if (data) this.#know(data);
    }
    this.#forgetOld(this.#begunAt);
  }

  /** @throws {ConnectorError} retryable: nothing was decided, call again */
  async send(
    message: Outbound,
    page: SendingPage | undefined,
    refusal: Refusal | undefined,
    signal: AbortSignal,
  ): Promise<RelayOutcome> {
    const known = this.#known.get(message.id);
    if (known?.outcome) return known.outcome;
    if (known) return refusal ? this.#unknown(known) : this.#cameOf(known, message, signal);
    if (refusal) return { state: "failed", ...refusal };
    const at = this.#now().getTime();
    const { id, by, conversation, text } = message;
    if (at >= Date.parse(message.expiresAt))
      return this.#settle({ id, by, at }, "offline", "WhatsApp could not be reached in time");
    const networkId = page && messageId.safeParse(await page.ask("newMessageId").catch(unanswered)).data;
    if (networkId === undefined) throw unreached();
    this.#forgetOld(at);
    const begun = { id, networkId, by, at };
    await this.#write(begun);
    const told = await page?.ask("send", conversation, text, networkId, this.#answerMs).catch(unanswered);
    this.#doubtfulSince.set(id, this.#now().getTime());
    switch (sent.safeParse(told).data) {
      case "no-chat":
        return this.#settle(begun, "no-such-conversation", "WhatsApp Web has no such conversation");
      case "not-sent":
        return this.#settle(begun, "refused", "WhatsApp Web did not take it");
      default:
        return this.#cameOf(begun, message, signal);
    }
  }

  /** Of a message that the page shows: with who asked for it, where Daybook sent it. */
  recognise(draft: Draft): Draft {
    const relayed = this.#relayedOf(draft);
    if (!relayed) return draft;
    const { id, by } = relayed;
    const came = outcomeOf(draft);
    const state = came.state === "sent" ? { state: came.state } : { state: came.state, why: came.why };
    return { ...draft, event: { ...draft.event, relay: { id, by, ...state } } };
  }

  /** Once it is recorded. */
  async recorded(drafts: readonly Draft[]): Promise<void> {
    for (const draft of drafts) {
      const relayed = draft.event.relay && this.#relayedOf(draft);
      if (relayed) await this.#write({ ...relayed, outcome: outcomeOf(draft) });
    }
  }

  #relayedOf({ event: { kind, direction, networkId } }: Draft): Relayed | undefined {
    if (kind !== "message" || direction !== "outgoing" || networkId === undefined) return undefined;
    return this.#byNetworkId.get(networkId);
  }

  /** Waits until its record tells, or what the page has was looked through since and it is not there. */
  async #cameOf(begun: Relayed, message: Outbound, signal: AbortSignal): Promise<RelayOutcome> {
    const since = this.#doubtfulSince.get(begun.id) ?? this.#begunAt;
    for (;;) {
      const known = this.#known.get(begun.id)?.outcome;
      if (known) return known;
      const looked = readLooked(this.#state) ?? 0;
      if (looked >= since || this.#now().getTime() >= Date.parse(message.expiresAt)) break;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw unreached();
    }
    return this.#unknown(begun);
  }

  #unknown(begun: Relayed): Promise<RelayOutcome> {
    return this.#settle(begun, "unknown", UNKNOWN);
  }

  async #settle(one: Relayed, code: RelayFailure, why: string): Promise<RelayOutcome> {
    const failed = { state: "failed" as const, code, why };
    await this.#write({ ...one, outcome: failed });
    return failed;
  }

  async #write(one: Relayed): Promise<void> {
    await this.#state.write([{ kind: "relayed", name: one.id, value: one }]);
    this.#know(one);
  }

  #know(one: Relayed): void {
    this.#known.set(one.id, one);
    if (one.networkId !== undefined) this.#byNetworkId.set(one.networkId, one);
    if (one.outcome) this.#doubtfulSince.delete(one.id);
  }

  #forgetOld(now: number): void {
    for (const { id, at, networkId } of this.#known.values()) {
      if (at >= now - REMEMBERED_MS) continue;
      this.#known.delete(id);
      this.#doubtfulSince.delete(id);
      if (networkId !== undefined) this.#byNetworkId.delete(networkId);
    }
  }
}

/** As the page had it when it told of it. */
function outcomeOf({ event: { raw, networkId = "" } }: Draft): z.infer<typeof outcome> {
  const { data } = answered.safeParse(JSON.parse(Buffer.from(raw, "base64").toString()));
  const ack = data?.msg.ack ?? 0;
  if (ack > 0) return { state: "sent", networkId };
  if (ack < 0) return { state: "failed", code: "refused", why: "WhatsApp did not take it" };
  return { state: "failed", code: "unknown", why: UNKNOWN };
}

/** The session may have ended: nobody knows what the page did. */
function unanswered(cause: unknown): undefined {
  if (!(cause instanceof WebError)) throw cause;
  return undefined;
}

function unreached(): ConnectorError {
  return new ConnectorError("network-unavailable", "WhatsApp Web is not there to send it");
}
