import {
  type Captured,
  ConnectorError,
  type Outbound,
  type Party,
  type Relay,
  relayFailure,
  type RelayOutcome,
  type Sink,
} from "@daybook/contract";
import { createHash } from "node:crypto";
import { z } from "zod";
import type { GraphClient } from "../graph/graph-client.ts";
import { type ApprovedTemplate, CONNECTOR } from "../options.ts";
import { readConversation } from "../reading/people.ts";
import { status } from "../reading/schema.ts";
import type { BusinessState } from "../state.ts";
import type { Item } from "../webhook/items.ts";
import { judge, NEEDS_TEMPLATE } from "./outcome.ts";
import { requestFor } from "./request.ts";

/** How far a message is: on disk before it leaves, for Meta knows no message by an id of ours. */
const progress = z.discriminatedUnion("state", [
  z.object({ state: z.literal("begun"), at: z.int(), request: z.string() }),
  /** Meta took it; `raw` is what was said, and it may not be recorded yet. */
  z.object({ state: z.literal("accepted"), at: z.int(), networkId: z.string(), raw: z.string() }),
  z.object({ state: z.literal("sent"), networkId: z.string() }),
  z.object({ state: z.literal("failed"), code: relayFailure, why: z.string() }),
]);
type Progress = z.infer<typeof progress>;

/** A status tells within so long that a message went out whose answer was lost. */
const STATUS_MS = 60_000;

export interface RelayOptions {
  readonly state: BusinessState;
  readonly graph: GraphClient;
  /** Undefined for a number that is not captured here. */
  readonly custodianOf: (account: string) => Party | undefined;
  /** Resolves when capture runs. */
  readonly sink: () => Promise<Sink>;
  readonly template: ApprovedTemplate | undefined;
  readonly now: () => Date;
}

/** Answers from official numbers: within 24 hours of what somebody wrote, or by the approved template. */
export class BusinessRelay implements Relay {
  readonly #options: RelayOptions;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  has(account: string): boolean {
    return this.#options.custodianOf(account) !== undefined;
  }

  conversation(account: string, id: string) {
    const known = readConversation(this.#options.state, account, id);
    return Promise.resolve(known && { id, title: known.title, kind: known.kind });
  }

  async send(message: Outbound, signal: AbortSignal): Promise<RelayOutcome> {
    const known = this.#progress(message.id);
    if (known?.state === "sent" || known?.state === "failed") return known;
    if (known?.state === "accepted") return this.#record(message, known);
    if (known) return this.#learn(message, known.at);
    const isOver = this.#options.now().getTime() >= Date.parse(message.expiresAt);
    if (isOver) return this.#fail(message.id, "offline", "WhatsApp could not be reached in time");
    const conversation = readConversation(this.#options.state, message.account, message.conversation);
    if (!conversation)
      return this.#fail(message.id, "no-such-conversation", "the number is in no such conversation");
    const { template, now } = this.#options;
    const request = requestFor(message, conversation, { template, now: now().getTime() });
    if (request === "needs-template") return this.#fail(message.id, "refused", NEEDS_TEMPLATE);
    if (request === "too-long")
      return this.#fail(
        message.id,
        "too-long",
        "WhatsApp takes 4,096 characters of text at most, 1,024 of one line in a template",
      );
    return this.#post(message, request.body, signal);
  }

  /** A status of a message whose answer was lost: it went out. */
  async learnFrom(item: Item): Promise<void> {
    const { data } = status.safeParse(item.value);
    const id = data?.biz_opaque_callback_data;
    if (!data || !id) return;
    const known = this.#progress(id);
    if (known?.state !== "begun") return;
    const raw = `{"request":${known.request},"status":${item.own}}`;
    await this.#write(id, { state: "accepted", at: known.at, networkId: data.id.slice(0, 400), raw });
  }

  async #post(message: Outbound, request: string, signal: AbortSignal): Promise<RelayOutcome> {
    const { graph, now } = this.#options;
    const at = now().getTime();
    await this.#write(message.id, { state: "begun", at, request });
    const answer = await graph.post(`${encodeURIComponent(message.account)}/messages`, request, signal);
    if (answer.state === "unanswered") throw unreached();
    const judged = answer.state === "unreached" ? undefined : judge(answer.status, answer.text);
    if (!judged || judged.state === "again") {
      // Not sent: it may be begun anew.
      await this.#write(message.id, undefined);
      throw unreached();
    }
    if (judged.state === "unknown") throw unreached();
    if (judged.state === "failed") return this.#fail(message.id, judged.code, judged.why);
    const raw = `{"request":${request},"response":${answer.state === "answered" ? answer.text : "null"}}`;
    const accepted = { state: "accepted" as const, at: now().getTime(), networkId: judged.networkId, raw };
    await this.#write(message.id, accepted);
    return this.#record(message, accepted);
  }

  /** Nobody knows whether it went out: sending it again might send it twice. */
  async #learn(message: Outbound, begunAt: number): Promise<RelayOutcome> {
    const at = this.#options.now().getTime();
    if (at - begunAt < STATUS_MS && at < Date.parse(message.expiresAt)) throw unreached();
    const why = "WhatsApp's answer was lost: look at the conversation before it is sent again";
    return this.#fail(message.id, "unknown", why);
  }

  async #record(message: Outbound, of: Extract<Progress, { state: "accepted" }>): Promise<RelayOutcome> {
    const { sink, state, custodianOf } = this.#options;
    const known = readConversation(state, message.account, message.conversation);
    const conversation = {
      id: message.conversation,
      title: known?.title ?? "",
      kind: known?.kind ?? ("unknown" as const),
    };
    const captured: Captured = {
      eventId: of.networkId,
      stableDigest: createHash("sha256").update(of.raw).digest("hex"),
      event: {
        v: 1,
        kind: "message",
        network: "whatsapp",
        method: "business-api",
        provenance: "captured",
        account: message.account,
        custodian: custodianOf(message.account) ?? message.custodian,
        conversation,
        sender: { id: message.account, name: message.custodian.name },
        direction: "outgoing",
        sentAt: new Date(of.at).toISOString(),
        text: message.text,
        networkId: of.networkId,
        relay: { id: message.id, state: "sent", by: message.by },
        raw: Buffer.from(of.raw).toString("base64"),
        connector: CONNECTOR,
      },
    };
    await (await sink()).capture([captured]);
    await this.#write(message.id, { state: "sent", networkId: of.networkId });
    return { state: "sent", networkId: of.networkId };
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

function unreached(): ConnectorError {
  return new ConnectorError("network-unavailable", "WhatsApp did not answer");
}
