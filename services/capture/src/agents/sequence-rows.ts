import type { PoolClient } from "pg";
import type { Said } from "./said.ts";

export interface AgentRow {
  readonly highest: string;
  readonly state: "live" | "down" | "ended";
  readonly since: Date;
  readonly heard_at: Date;
}

export interface BatchRow {
  readonly digest: Buffer | null;
  readonly told: boolean;
}

/** As one that is heard from now on, where it is new. */
export async function insertAgent(client: PoolClient, agent: string, at: Date): Promise<void> {
  await client.query("INSERT INTO capture.agent VALUES ($1, 0, 'live', $2, $2) ON CONFLICT DO NOTHING", [
    agent,
    at,
  ]);
}

/** Waits to be recorded, once the transaction is durable. */
export async function insertSaid(client: PoolClient, agent: string, said: readonly Said[]): Promise<void> {
  await client.query(
    "INSERT INTO capture.agent_said (agent, said) SELECT $1, s FROM unnest($2::jsonb[]) WITH ORDINALITY u(s, o) ORDER BY o",
    [agent, said.map((one) => JSON.stringify(one))],
  );
}

export async function setState(client: PoolClient, agent: string, state: string, since: Date): Promise<void> {
  await client.query("UPDATE capture.agent SET state = $2, since = $3 WHERE id = $1", [agent, state, since]);
}

export async function agentRow(client: PoolClient, agent: string): Promise<AgentRow | undefined> {
  const { rows } = await client.query<AgentRow>(
    "SELECT highest, state, since, heard_at FROM capture.agent WHERE id = $1",
    [agent],
  );
  return rows[0];
}

export async function batchRow(
  client: PoolClient,
  { agent, number }: { readonly agent: string; readonly number: number },
): Promise<BatchRow | undefined> {
  const { rows } = await client.query<BatchRow>(
    "SELECT digest, told FROM capture.agent_batch WHERE agent = $1 AND number = $2",
    [agent, number],
  );
  return rows[0];
}
