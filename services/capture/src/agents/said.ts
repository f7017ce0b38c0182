import { createHash } from "node:crypto";
import type { Captured, Network } from "@daybook/contract";
import { z } from "zod";
import type { KnownAgent } from "./registry.ts";

/** What Daybook itself says of an agent's account. `id` is of this agent, and the same each time it is said. */
export const said = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("coverage"),
    id: z.string(),
    coverage: z.object({ from: z.string(), to: z.string(), state: z.enum(["live", "down"]) }),
  }),
  z.object({
    kind: z.literal("gap"),
    id: z.string(),
    gap: z.object({
      from: z.string().optional(),
      to: z.string().optional(),
      why: z.string(),
      about: z.string(),
    }),
  }),
  z.object({ kind: z.literal("notice"), id: z.string(), text: z.string() }),
]);
export type Said = z.infer<typeof said>;

export function coverageSaid(state: "live" | "down", from: Date, to: Date): Said[] {
  if (to <= from) return [];
  const coverage = { from: from.toISOString(), to: to.toISOString(), state };
  return [{ kind: "coverage", id: `coverage:${coverage.from}:${state}`, coverage }];
}

/** As an event of the agent's account. */
export function capturedOf(one: Said, agent: KnownAgent, network: Network): Captured {
  const { id, ...content } = one;
  return {
    eventId: `agent:${agent.id}:${id}`,
    stableDigest: createHash("sha256").update(JSON.stringify(content)).digest("hex"),
    event: {
      v: 1,
      network,
      method: "device-agent",
      provenance: "captured",
      account: agent.account,
      custodian: agent.custodian,
      ...content,
      raw: "",
      connector: { name: "agents", version: "1" },
    },
  };
}

/** `batch 4`, `batches 4 to 6`. */
export function batchesOf(first: number, last: number): string {
  return first === last ? `batch ${first}` : `batches ${first} to ${last}`;
}
