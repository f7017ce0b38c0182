import { setTimeout as sleep } from "node:timers/promises";
import { TOPICS } from "@daybook/contract";
import type { ServiceProcess } from "../../deployment/service-process.ts";
import { type Bench, figure } from "../figure.ts";
import { makeLoad, send } from "./load.ts";
import { PARTITIONS, Stand } from "./stand.ts";

const KILLS = 3;
const SECONDS = 15;
/** What comes in while one is dead, events a second. */
const PER_SECOND = 240;
const TICK_MS = 500;

/**
 * Of two archivers one is killed while events arrive on every partition. Counted from the kill until an event that came
 * after it is archived on each partition that was the dead one's. A segment waits for a second, not for ten.
 */
export const failingOver: Bench = async ({ scale, say }) => {
  const stand = await Stand.open({ partitions: PARTITIONS, archivers: 2, lingerSeconds: 1 });
  try {
    const both = stand.deployment.archivers as [ServiceProcess, ServiceProcess];
    const took: number[] = [];
    let made = 0;
    const arrive = async (): Promise<number[]> => {
      const { partitions, publicKey } = stand;
      const count = Math.round((PER_SECOND * TICK_MS) / 1_000);
      const load = await makeLoad({ first: made, count, partitions, publicKey });
      made += count;
      return send(stand.stream, TOPICS.events, load.sealed);
    };
    for (let kill = 0; kill < Math.max(1, Math.round(KILLS * scale)); kill += 1) {
      await stand.shared(both);
      const victim = both[kill % 2]!;
      const other = both[(kill + 1) % 2]!;
      await stand.archived(await arrive(), both);
      const shards = new Set(await stand.owned(victim));
      await victim.stop("SIGKILL");
      const killedAt = performance.now();
      const ends = await arrive();
      const over = new AbortController();
      const arriving = (async () => {
        while (!over.signal.aborted) {
          await sleep(TICK_MS);
          await arrive();
        }
      })();
      await stand.archived(
        ends.map((end, p) => (shards.has(String(p)) ? end : 0)),
        [other],
      );
      took.push((performance.now() - killedAt) / 1_000);
      over.abort();
      await arriving;
      say(`${shards.size} partitions moved in ${took.at(-1)?.toFixed(1) ?? "?"} s`);
      victim.start();
      await victim.ready();
    }
    return [
      figure({
        figure: "failover: owner killed until its partitions move again, slowest",
        value: Math.max(...took),
        unit: "s",
        aim: `${SECONDS} s`,
        met: (value) => value <= SECONDS,
      }),
    ];
  } finally {
    await stand.close();
  }
};
