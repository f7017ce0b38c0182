import { method, network } from "@daybook/contract";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import { z } from "zod";
import { GatewayError } from "./error.ts";
import type { GatewayOptions } from "./options.ts";

const account = z.object({
  id: z.string(),
  network,
  method,
  identifier: z.string().nullable(),
  custodian: z.object({ id: z.string(), name: z.string() }).nullable(),
});

/** Accounts, as the records service offers them to other services. */
export function accountClient(client: Pick<ApiClient, "call">): GatewayOptions["account"] {
  return async (id) => {
    try {
      return await client.call("get", "/internal/v1/accounts/:id", { params: { id }, response: account });
    } catch (cause) {
      if (cause instanceof ProblemError && cause.code === "not-found") return undefined;
      throw new GatewayError("unavailable", "the records service does not answer: ask again", { cause });
    }
  };
}
