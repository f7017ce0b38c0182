import type { Network } from "@daybook/contract";

/** A message before it is sent. */
export interface Draft {
  readonly id: string;
  /** The registry's id of the account that sends. */
  readonly account: string;
  readonly network: Network;
  readonly custodian: { readonly id: string; readonly name: string };
  readonly conversation: string;
  readonly text: string;
  /** Who asked. */
  readonly by: { readonly id: string; readonly name: string };
}

/** What an organisation says of a message before it leaves. */
export interface PolicyHook {
  /** Said in refusals and in the audit log. */
  readonly name: string;
  /**
   * Why this message must not be sent, in words for who wrote it; undefined lets it pass. What it throws refuses too.
   */
  refusal(draft: Draft): Promise<string | undefined> | string | undefined;
}

/** Who refused a message, and why. */
export interface Refusal {
  readonly hook: string;
  readonly why: string;
}

/** Asks the hooks in order: the first refusal stands. A hook that fails refuses: a policy is not skipped. */
export async function refusalOf(draft: Draft, hooks: readonly PolicyHook[]): Promise<Refusal | undefined> {
  for (const hook of hooks) {
    try {
      const why = await hook.refusal(draft);
      if (why !== undefined) return { hook: hook.name, why };
    } catch {
      return { hook: hook.name, why: "the policy could not be asked: try again in a moment" };
    }
  }
  return undefined;
}
