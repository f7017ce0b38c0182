import type { Appliers } from "../apply.ts";
import type { agentFacts } from "./agent-facts.ts";

/** How what is said of agents changes the tables. */
export const agentAppliers: Appliers<keyof typeof agentFacts> = {
  "agent.offer": async (tx, { at, actor, detail }) => {
    const { id, kind, account, custodian, device, code, expiresAt } = detail;
    await tx.query("INSERT INTO records.agent VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", [
      id,
      kind,
      account,
      custodian,
      device,
      Buffer.from(code, "hex"),
      expiresAt,
      actor,
      at,
    ]);
  },
  "agent.enrol": async (tx, { at, detail: { id, key } }) => {
    await tx.query("UPDATE records.agent SET key = $2, enrolled_at = $3 WHERE id = $1", [
      id,
      Buffer.from(key, "base64"),
      at,
    ]);
  },
  "agent.revoke": async (tx, { at, detail: { id } }) => {
    await tx.query("UPDATE records.agent SET revoked_at = $2 WHERE id = $1", [id, at]);
  },
};
