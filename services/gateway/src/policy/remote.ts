import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import type { PolicyHook } from "./hook.ts";

const PATIENCE_MS = 5_000;

const verdict = z.discriminatedUnion("allow", [
  z.object({ allow: z.literal(true) }),
  z.object({ allow: z.literal(false), why: z.string().min(1).max(500) }),
]);

/**
 * Asks the organisation's own policy service, such as one for data loss prevention: a POST of the draft as JSON,
 * answered by `{"allow": true}` or `{"allow": false, "why": "..."}`. What it does not answer within 5 seconds is refused.
 * It reads every message, so it belongs inside the perimeter.
 */
export function remoteHook(client: Pick<ApiClient, "call">): PolicyHook {
  return {
    name: "remote",
    async refusal({ network, custodian, conversation, text, by }) {
      const answer = await client.call("post", "", {
        body: { network, custodian, conversation, text, by },
        response: verdict,
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return answer.allow ? undefined : answer.why;
    },
  };
}
