import type { PolicyHook } from "./hook.ts";

/**
 * Bounds how often an account sends: networks lock those out that send like machines.
 *
 * @param recent messages that the account was asked to send within the last minute, this one not counted
 */
export function rateHook(
  perMinute: number,
  recent: (account: string, id: string) => Promise<number>,
): PolicyHook {
  return {
    name: "rate",
    async refusal({ account, id }) {
      const sent = await recent(account, id);
      return sent < perMinute
        ? undefined
        : `the account has sent ${sent} messages within a minute, and may send ${perMinute}: wait a little`;
    },
  };
}
