import { setTimeout as sleep } from "node:timers/promises";
import {
  ConnectorError,
  type Event,
  type Outbound,
  party,
  type Relay,
  type RelayConversation,
  relayFailure,
  type RelayOutcome,
} from "@daybook/contract";
import { z } from "zod";
import type { BlueBubblesClient } from "./client.ts";
import { judge } from "./outcome.ts";
import { type Item, itemOf } from "./reading.ts";
import type { BlueBubblesState } from "./state.ts";

/** How far a message is: on disk before it leaves, for no row bears an id of ours. */
const progress = z.discriminatedUnion("state", [
  z.object({ state: z.literal("begun"), at: z.int() }),
  /** BlueBubbles said that it is sent, and which row it is: that row was not seen as sent yet. */
  z.object({ state: z.literal("accepted"), at: z.int(), guid: z.string(), by: party }),
  z.object({ state: z.literal("sent"), networkId: z.string(), by: party }),
  z.object({ state: z.literal("failed"), code: relayFailure, why: z.string() }),
]);
type Progress = z.infer<typeof progress>;

/** Which message of ours a row is. Beside its progress, under the row's GUID. */
const owner = z.object({ id: z.uuid() });

export interface BlueBubblesRelayOptions {
  readonly account: string;
  readonly state: BlueBubblesState;
  readonly client: BlueBubblesClient;
  readonly conversation: (id: string) => RelayConversation | undefined;
  /** Captures a row. Resolves once it is durable, and never where capture does not run. */
  readonly capture: (item: Item) => Promise<void>;
  readonly confirmMs: number;
  /** Aborts when capture ends: what waits then is called again after the next start. */
  readonly life: AbortSignal;
  readonly now: () => Date;
}

const LOOK_EVERY_MS = 500;
const LOST = "nobody knows whether it was sent: look at the conversation on the Mac before it is sent again";
const NO_ROW =
  "BlueBubbles says it was sent, and Messages does not show it as sent: look at the conversation on the Mac before it is sent again";

/**
 * Sends by BlueBubbles's private API alone: the other way answers that all is well when nothing was sent. A message is sent
 * when its row appears as such. Nothing is ever sent again of which nobody knows whether it was.
 */
export class BlueBubblesRelay implements Relay {
  readonly #options: BlueBubblesRelayOptions;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: BlueBubblesRelayOptions) {
    this.#options = options;
  }

  has(account: string): boolean {
    return account === this.#options.account;
  }

  conversation(account: string, id: string): Promise<RelayConversation | undefined> {
    return Promise.resolve(this.has(account) ? this.#options.conversation(id) : undefined);
  }

  /** Resolves when no message that has left by now is on the way to its row. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  send(message: Outbound, signal: AbortSignal): Promise<RelayOutcome> {
    const sending = this.#send(message, AbortSignal.any([signal, this.#options.life]));
    this.#underWay.add(sending);
    const done = () => this.#underWay.delete(sending);
    void sending.then(done, done);
    return sending;
  }

  /** What a row says of the request that it was sent by; undefined for one that nobody asked us to send. */
  async relayOf({ guid, message }: Item, signal: AbortSignal): Promise<Event["relay"]> {
    if (!message?.isFromMe) return undefined;
    const { data: of } = owner.safeParse(this.#options.state.get("relayed", rowName(guid)));
    if (!of) return undefined;
    const known = this.#progress(of.id);
    if (known?.state === "sent") return { id: of.id, state: "sent", by: known.by };
    if (known?.state !== "accepted" || (await this.#row(guid, signal)) === undefined) return undefined;
    return { id: of.id, state: "sent", by: known.by };
  }

  async #send(message: Outbound, signal: AbortSignal): Promise<RelayOutcome> {
    const known = this.#progress(message.id);
    if (known?.state === "sent") return { state: "sent", networkId: known.networkId };
    if (known?.state === "failed") return known;
    if (known?.state === "accepted") return this.#confirm(message.id, known, signal);
    // A process before this one began it, and did not live to hear.
    if (known) return this.#fail(message.id, "unknown", LOST);
    if (this.#options.now().getTime() >= Date.parse(message.expiresAt))
      return this.#fail(message.id, "offline", "the Mac could not be reached in time");
    if (!this.#options.conversation(message.conversation))
      return this.#fail(message.id, "no-such-conversation", "the account is in no such conversation");
    return this.#post(message, signal);
  }

  async #post(message: Outbound, signal: AbortSignal): Promise<RelayOutcome> {
    const { client, now } = this.#options;
    const at = now().getTime();
    await this.#write(message.id, { state: "begun", at });
    const answer = await client.post("message/text", requestFor(message), signal);
    if (answer.state === "unreached") {
      // Not sent: it may be begun anew.
      await this.#write(message.id, undefined);
      throw new ConnectorError("network-unavailable", "BlueBubbles could not be reached");
    }
    const judged = judge(answer);
    if (judged.state === "unknown") return this.#fail(message.id, "unknown", LOST);
    if (judged.state === "failed") return this.#fail(message.id, judged.code, judged.why);
    const accepted = { state: "accepted", at, guid: judged.guid, by: message.by } as const;
    await this.#options.state.write([
      { kind: "relayed", name: message.id, value: accepted },
      { kind: "relayed", name: rowName(judged.guid), value: { id: message.id } },
    ]);
    return this.#confirm(message.id, accepted, signal);
  }

  /** Until its row appears as sent. */
  async #confirm(
    id: string,
    { at, guid, by }: Extract<Progress, { state: "accepted" }>,
    signal: AbortSignal,
  ): Promise<RelayOutcome> {
    const { now, confirmMs, capture } = this.#options;
    // After a restart it is looked for once, however late.
    for (;;) {
      const item = await this.#row(guid, signal);
      if (item) {
        await capture(item);
        await this.#write(id, { state: "sent", networkId: guid, by });
        return { state: "sent", networkId: guid };
      }
      signal.throwIfAborted();
      if (Math.abs(now().getTime() - at) >= confirmMs) return this.#fail(id, "unknown", NO_ROW);
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  }

  /** The row, once Messages shows it as sent without an error. */
  async #row(guid: string, signal: AbortSignal): Promise<Item | undefined> {
    const where = [
      { statement: "message.guid = :guid", args: { guid } },
      { statement: "message.is_sent = 1", args: {} },
      { statement: "message.error = 0", args: {} },
    ];
    const [slice] = await this.#options.client.messages({ where, limit: 1 }, signal);
    const item = slice === undefined ? undefined : itemOf(slice);
    return item?.guid === guid && item.message?.isFromMe ? item : undefined;
  }

  async #fail(
    id: string,
    code: Extract<Progress, { state: "failed" }>["code"],
    why: string,
  ): Promise<RelayOutcome> {
    await this.#write(id, { state: "failed", code, why });
    return { state: "failed", code, why };
  }

  #progress(id: string): Progress | undefined {
    return progress.safeParse(this.#options.state.get("relayed", id)).data;
  }

  #write(id: string, value: Progress | undefined): Promise<void> {
    return this.#options.state.write([{ kind: "relayed", name: id, value }]);
  }
}

/** What is sent to BlueBubbles, as JSON. */
export function requestFor({
  id,
  conversation,
  text,
}: Pick<Outbound, "id" | "conversation" | "text">): string {
  return JSON.stringify({ chatGuid: conversation, tempGuid: id, message: text, method: "private-api" });
}

function rowName(guid: string): string {
  return `row ${guid}`;
}
