import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  cachedProgram,
  type PostgresEngine,
  type Proxy,
  startLabPostgres,
  startToxiproxy,
  type Toxiproxy,
} from "@daybook/lab";
import type { PostgresConnection } from "../src/postgres.ts";
import { hasPostgres } from "./postgres.ts";

/** Something that keeps numbers in PostgreSQL. */
export interface Keeper {
  /** Keeps a number. Repeated after an error, until it resolves; keeping it twice is keeping it once. */
  keep(n: number): Promise<void>;
  /** What is kept, in any order. */
  kept(): Promise<number[]>;
  close(): Promise<void>;
}

/**
 * PostgreSQL goes away in every way while numbers are kept, and comes back: what was kept is there once, and nothing
 * had to be started again. On the real server; through Toxiproxy where it is installed.
 *
 * @param open over a fresh database, which the login owns
 */
export function describeOutages(
  name: string,
  open: (connection: PostgresConnection) => Promise<Keeper>,
): void {
  if (!hasPostgres) console.warn(`there is no PostgreSQL for this machine: outages of ${name} are SKIPPED`);
  const hasToxiproxy = cachedProgram("toxiproxy-server") !== undefined;
  if (!hasToxiproxy) console.warn("toxiproxy is not built (npm run lab -- --install): its tests are SKIPPED");

  (hasPostgres ? describe : describe.skip)(`${name}, while PostgreSQL comes and goes`, () => {
    let dir: string;
    let engine: PostgresEngine;
    let toxiproxy: Toxiproxy | undefined;
    let databases = 0;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), "outage-"));
      engine = (await startLabPostgres({ dir: join(dir, "postgres") }))!;
      // As a home's own login may: the roles under which the catalogue is written are made by its first owner.
      await engine.sql(`ALTER ROLE ${engine.access.user} CREATEROLE`);
      toxiproxy = await startToxiproxy({ dir: join(dir, "toxiproxy") });
    }, 60_000);
    afterAll(async () => {
      await toxiproxy?.stop();
      await engine.stop();
      await rm(dir, { recursive: true });
    });

    /** Keeps numbers without end while `outage` happens, and some more after it. */
    async function through(outage: (kept: () => number) => Promise<void>, port = engine.port): Promise<void> {
      databases += 1;
      const database = `outage_${databases}`;
      await engine.sql(`CREATE DATABASE ${database} OWNER ${engine.access.user}`);
      const keeper = await open({ ...engine.access, port, database });
      let n = 0;
      let until = Infinity;
      const keeping = (async () => {
        for (; n < until; n += 1) await untilKept(keeper, n);
      })();
      while (n < 3) await sleep(10);
      await outage(() => n);
      until = n + 5;
      await keeping;
      const kept = (await keeper.kept()).sort((a, b) => a - b);
      await keeper.close();

      expect(kept).toEqual(Array.from({ length: n }, (_, i) => i));
    }

    it("goes on after its server was killed and started again", async () => {
      await through(() => engine.restart("SIGKILL"));
    }, 60_000);

    it("goes on after its server was shut down and stayed away", async () => {
      await through(async () => {
        await engine.stop();
        await sleep(1_000);
        await engine.restart();
      });
    }, 60_000);

    it("goes on after its server stood still", async () => {
      await through(async (kept) => {
        engine.signal("SIGSTOP");
        await sleep(100);
        const before = kept();
        await sleep(3_000);
        expect(kept()).toBe(before);
        engine.signal("SIGCONT");
      });
    }, 60_000);

    it("goes on after an administrator ended its sessions", async () => {
      const end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
      await through(async () => {
        for (let time = 0; time < 5; time += 1) {
          await engine.sql(end, [engine.access.user]);
          await sleep(50);
        }
      });
    }, 60_000);

    (hasToxiproxy ? it : it.skip)(
      "goes on when its link is slow, cut, reset, and cut in an answer",
      async () => {
        const link = (await toxiproxy!.proxy(`postgres-${name}`, `127.0.0.1:${engine.port}`)) satisfies Proxy;
        await through(async () => {
          await link.toxic({ type: "latency", latency: 30, jitter: 20 });
          await sleep(300);
          await link.toxic({ type: "reset_peer", timeout: 0 });
          await sleep(300);
          await link.cut();
          await sleep(300);
          await link.heal();
          for (const bytes of [1, 100, 1_000, 6_000]) {
            await link.toxic({ type: "limit_data", bytes });
            await sleep(200);
          }
          await link.heal();
        }, link.port);
        await link.remove();
      },
      60_000,
    );
  });
}

async function untilKept(keeper: Keeper, n: number): Promise<void> {
  for (;;) {
    try {
      return await keeper.keep(n);
    } catch (error) {
      // An answer that says that repeating is useless would end a service.
      if ((error as { retryable?: boolean }).retryable === false) throw error;
      await sleep(20);
    }
  }
}
