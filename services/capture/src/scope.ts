import type { Event } from "@daybook/contract";
import { createHmac } from "node:crypto";
import { z } from "zod";

/**
 * One scope rule. What is not given fits everything. Conversations and counterparties are keyed hashes, so
 * that the rules tell no names.
 */
export const scopeRule = z.strictObject({
  id: z.string().max(128),
  effect: z.enum(["include", "exclude"]),
  custodian: z.string().max(128).optional(),
  account: z.string().max(512).optional(),
  network: z.string().max(32).optional(),
  conversation: z.string().max(64).optional(),
  from: z.string().max(32).optional(),
  to: z.string().max(32).optional(),
});

/** What capture takes and leaves, as agreed by people and recorded in the audit log. Default: all. */
export const scopeRules = z.strictObject({
  version: z.int().nonnegative(),
  rules: z.array(scopeRule).max(10_000),
});
export type ScopeRules = z.infer<typeof scopeRules>;

/** Keyed hash by which scope rules name a conversation, from its title or id. */
export function scopeHash(key: Uint8Array, network: string, conversation: string): string {
  return createHmac("sha256", key)
    .update(JSON.stringify(["scope", network, conversation]))
    .digest("hex")
    .slice(0, 32);
}

/** What rules judge an event by. */
export type Scoped = Pick<Event, "account" | "network" | "custodian" | "conversation"> &
  Partial<Pick<Event, "kind">>;

/** Judges events before anything of them is stored. */
export class Scope {
  readonly #rules: ScopeRules["rules"];
  readonly #key: Uint8Array;

  constructor({ rules }: ScopeRules, key: Uint8Array) {
    this.#rules = rules;
    this.#key = key;
  }

  /**
   * The rule that leaves this event out, or undefined to take it. An exclusion wins; where an account has
   * inclusions at all, only what one of them fits is taken, and what its link says of itself.
   */
  excludedBy(event: Scoped, at: Date): string | undefined {
    const now = at.toISOString();
    const listed = this.#rules.filter(
      (rule) =>
        (rule.from === undefined || rule.from <= now) &&
        (rule.to === undefined || now < rule.to) &&
        this.#concerns(rule, event),
    );
    const fits = listed.filter((rule) => this.#conversationFits(rule, event));
    const exclusion = fits.find((rule) => rule.effect === "exclude");
    if (exclusion) return exclusion.id;
    const inclusion = listed.find((rule) => rule.effect === "include");
    return inclusion && !fits.some((rule) => rule.effect === "include") ? inclusion.id : undefined;
  }

  #concerns(rule: ScopeRules["rules"][number], event: Scoped): boolean {
    return (
      (rule.custodian === undefined || rule.custodian === event.custodian?.id) &&
      (rule.account === undefined || rule.account === event.account) &&
      (rule.network === undefined || rule.network === event.network)
    );
  }

  #conversationFits(rule: ScopeRules["rules"][number], { network, conversation, kind }: Scoped): boolean {
    if (rule.conversation === undefined) return true;
    // Coverage and gaps of a whole account tell of no conversation, and are as true of those that are taken.
    if (!conversation) return rule.effect === "include" && (kind === "coverage" || kind === "gap");
    return [conversation.id, conversation.title].some(
      (name) => scopeHash(this.#key, network, name) === rule.conversation,
    );
  }
}
