import { randomUUID } from "node:crypto";
import { type AuditAction, auditEnvelope, encodeEnvelope, type Outbound, TOPICS } from "@daybook/contract";
import type { Principal } from "@daybook/runtime";
import { GatewayError } from "./error.ts";
import type { KnownMessage, Messages } from "./messages.ts";
import type { GatewayOptions, SendingAccount } from "./options.ts";
import { type Draft, type PolicyHook, refusalOf } from "./policy/hook.ts";
import { rateHook } from "./policy/rate.ts";

const MINUTE_MS = 60_000;

/** What somebody asks for. */
export interface SendRequest {
  /** The same request repeated is the same message; made up where it is not given. */
  readonly id?: string | undefined;
  readonly account: string;
  readonly conversation: string;
  readonly text: string;
  /** Who asks has confirmed the recipient's new safety number. */
  readonly acceptsNewIdentity?: boolean | undefined;
}

/** Takes requests: who may ask, what policy says, that it is recorded, and then the stream. */
export class Sending {
  readonly #options: GatewayOptions;
  readonly #messages: Messages;
  readonly #hooks: readonly PolicyHook[];

  constructor(options: GatewayOptions, messages: Messages) {
    this.#options = options;
    this.#messages = messages;
    const recent = (account: string, id: string) =>
      messages.recent(account, id, new Date(options.now().getTime() - MINUTE_MS));
    this.#hooks = [rateHook(options.perMinute, recent), ...options.policy];
  }

  /**
   * Queues a message. Once resolved, who asked for what is on record, and the message on the stream.
   *
   * @throws {GatewayError}
   */
  async send(request: SendRequest, principal: Principal): Promise<KnownMessage> {
    const { now, expiresAfterMs } = this.#options;
    const account = await this.#accountOf(request.account, principal);
    const { custodian } = account;
    const { id = randomUUID(), conversation, text, acceptsNewIdentity = false } = request;
    const by = { id: principal.id, name: principal.name };
    const requestedAt = now();
    const expiresAt = new Date(requestedAt.getTime() + expiresAfterMs);
    const message = await this.#messages.add(
      { id, account: account.id, custodian: custodian.id, requestedAt, expiresAt },
      [account.id, conversation, text, by.id, ...(acceptsNewIdentity ? ["accepts new identity"] : [])],
    );
    if (message.state !== "asked") return message;
    const draft: Draft = {
      id,
      account: account.id,
      network: account.network,
      custodian,
      conversation,
      text,
      by,
    };
    const refusal = await refusalOf(draft, this.#hooks);
    const about = { network: draft.network, account: draft.account, custodian: custodian.id, conversation };
    if (refusal) {
      await this.#record("message.refuse", draft, { ...about, ...refusal });
      await this.#messages.forget(id);
      throw new GatewayError("refused-by-policy", refusal.why);
    }
    const asked = { ...about, ...(acceptsNewIdentity && { newIdentity: "confirmed" }) };
    await this.#record("message.send", draft, asked);
    const outbound: Outbound = {
      v: 1,
      id,
      network: account.network,
      account: account.identifier,
      custodian,
      conversation,
      text,
      by,
      requestedAt: message.requestedAt.toISOString(),
      expiresAt: message.expiresAt.toISOString(),
      ...(acceptsNewIdentity && { acceptsNewIdentity }),
    };
    await this.#publish(TOPICS.outbound, Buffer.from(JSON.stringify(outbound)));
    await this.#messages.queued(id);
    return { ...message, state: "queued" };
  }

  /** @throws {GatewayError} `no-such-message`, also for one of somebody else's */
  async message(id: string, principal: Principal): Promise<KnownMessage> {
    const found = await this.#messages.find(id);
    if (!found || !principal.custodians?.includes(found.custodian))
      throw new GatewayError("no-such-message", "there is no such message, or it is not yours to see");
    return found;
  }

  async #accountOf(
    id: string,
    { custodians = [] }: Principal,
  ): Promise<SendingAccount & { identifier: string; custodian: { id: string; name: string } }> {
    const account = await this.#options.account(id);
    if (!account) throw new GatewayError("no-such-account", "there is no account of that id");
    const { identifier, custodian } = account;
    if (!custodian || !custodians.includes(custodian.id))
      throw new GatewayError("not-yours", "your token does not speak for the custodian of that account");
    if (identifier === null)
      throw new GatewayError(
        "cannot-send",
        "that account has no link that can send: its records were supplied",
      );
    return { ...account, identifier, custodian };
  }

  async #record(action: AuditAction, { id, by }: Draft, detail: Record<string, string>): Promise<void> {
    const { deployment, now } = this.#options;
    const audit = { actor: by.id, action, subject: id, detail };
    await this.#publish(TOPICS.audit, encodeEnvelope(auditEnvelope(audit, { deployment, at: now() })));
  }

  async #publish(topic: string, plaintext: Uint8Array): Promise<void> {
    try {
      await this.#options.publish(topic, 0, [plaintext]);
    } catch (cause) {
      throw new GatewayError(
        "unavailable",
        "the stream takes nothing just now: ask again, with the same id",
        { cause },
      );
    }
  }
}
