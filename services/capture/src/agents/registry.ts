import { party, type Party } from "@daybook/contract";
import { type ApiClient, ProblemError } from "@daybook/runtime";
import { z } from "zod";
import { asked, PATIENCE_MS } from "../clients.ts";

const knownAgent = z.object({
  id: z.uuid(),
  kind: z.string(),
  key: z.base64(),
  standing: z.enum(["enrolled", "revoked", "moved"]),
  account: z.string(),
  custodian: party,
});

/** An agent that has enrolled. */
export interface KnownAgent {
  readonly id: string;
  readonly kind: string;
  /** SubjectPublicKeyInfo, DER, base64. */
  readonly key: string;
  /** What it hands over is taken while it is `enrolled`; `moved`: its account is not its custodian's any more. */
  readonly standing: "enrolled" | "revoked" | "moved";
  /** As its network names it. */
  readonly account: string;
  readonly custodian: Party;
}

/** What capture needs of the registry for agents. */
export interface AgentRegistry {
  /** Every agent that has enrolled. @throws {CaptureError} `unavailable` */
  agents(): Promise<readonly KnownAgent[]>;

  /**
   * Makes a key the agent that a code was made for: an audit record, durable once resolved. May be repeated.
   *
   * @param key SubjectPublicKeyInfo, DER
   * @returns the agent; undefined for a code that is none, was used, or is over, or a key that is another agent's
   * @throws {CaptureError} `unavailable`
   */
  enrol(code: string, key: Buffer): Promise<{ readonly id: string; readonly kind: string } | undefined>;
}

/** The registry of agents, as the records service offers it to other services. */
export function agentRegistryClient(client: ApiClient, patienceMs = PATIENCE_MS): AgentRegistry {
  const soon = () => AbortSignal.timeout(patienceMs);
  return {
    agents: () =>
      asked(async () => {
        const response = z.object({ agents: z.array(knownAgent) });
        return (await client.call("get", "/internal/v1/agents", { response, signal: soon() })).agents;
      }),
    enrol: (code, key) =>
      asked(async () => {
        try {
          return await client.call("post", "/internal/v1/agents/enrol", {
            body: { code, key: key.toString("base64") },
            response: z.object({ id: z.uuid(), kind: z.string() }),
            signal: soon(),
          });
        } catch (error) {
          if (error instanceof ProblemError && ["not-found", "conflict"].includes(error.code))
            return undefined;
          throw error;
        }
      }),
  };
}
