import type { PoolClient } from "pg";
import { batchesOf, type Said } from "./said.ts";

/** Numbers that the agent holds our answer for, and this database does not know: it was lost, or is an older one. */
export async function answeredElsewhere(
  client: PoolClient,
  highest: number,
  { agent, answeredThrough }: { readonly agent: string; readonly answeredThrough: number },
): Promise<Said[]> {
  const { rows } = await client.query<{ number: string }>(
    `UPDATE capture.agent_batch SET told = true
     WHERE agent = $1 AND number <= $2 AND digest IS NULL AND NOT told RETURNING number`,
    [agent, answeredThrough],
  );
  const numbers = rows.map(({ number }) => Number(number));
  if (answeredThrough > highest) numbers.push(highest + 1, answeredThrough);
  if (numbers.length === 0) return [];
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
  const text = `The device's agent holds answers for ${batchesOf(first, last)}, of which this database does not know: what they held was recorded before they were answered`;
  return [{ kind: "notice", id: `answered:${first}-${last}`, text }];
}

/** Batches that were missed before an instant and have not come: said once, those that adjoin as one. */
export async function newlyMissing(client: PoolClient, agent: string, before: Date): Promise<Said[]> {
  const { rows } = await client.query<{ first: string; last: string; from: Date | null; to: Date | null }>(
    `WITH missing AS (
       UPDATE capture.agent_batch SET told = true
       WHERE agent = $1 AND digest IS NULL AND NOT told AND at <= $2 RETURNING number
     ), runs AS (
       SELECT min(number) AS first, max(number) AS last
       FROM (SELECT number, number - row_number() OVER (ORDER BY number) AS run FROM missing) m GROUP BY run
     )
     SELECT first, last,
       (SELECT b.at FROM capture.agent_batch b WHERE b.agent = $1 AND b.digest IS NOT NULL AND b.number < first
        ORDER BY b.number DESC LIMIT 1) AS from,
       (SELECT b.at FROM capture.agent_batch b WHERE b.agent = $1 AND b.digest IS NOT NULL AND b.number > last
        ORDER BY b.number LIMIT 1) AS to
     FROM runs ORDER BY first`,
    [agent, before],
  );
  return rows.map(({ first, last, from, to }) => ({
    kind: "gap",
    id: `missing:${first}-${last}`,
    gap: {
      ...(from && { from: from.toISOString() }),
      ...(to && { to: to.toISOString() }),
      why: "The device's agent numbered what it handed over, and this number never came while later ones did",
      about: batchesOf(Number(first), Number(last)),
    },
  }));
}
