import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type Postgres, startPostgres } from "@daybook/compose";
import { createRehearsal, REHEARSAL_ACCOUNTS, REHEARSAL_EVENTS } from "@daybook/rehearsal";
import { createLogger } from "@daybook/runtime";
import { Pool } from "pg";
import type { Party } from "@daybook/contract";
import { CaptureError } from "../src/error.ts";
import { runCapture } from "../src/index.ts";
import { MemoryRegistry, SCOPE_KEY, setUp } from "./support/capture.ts";
import { noFiles } from "./support/running.ts";

const dir = mkdtempSync(join(tmpdir(), "daybook-live-"));
let postgres: Postgres;
let pool: Pool;
const log = createLogger("capture", "fatal", { stream: new PassThrough().resume() });

beforeAll(async () => {
  postgres = await startPostgres({ dataDir: join(dir, "postgres"), log });
  pool = new Pool({ ...postgres.connection, max: 3 });
  // Its connections may be there still when PostgreSQL stops.
  pool.on("error", () => undefined);
  pool.on("error", () => undefined);
});
afterAll(async () => {
  await pool.end();
  await postgres.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** A registry that is away for some calls, and again from the first reading of the scope on. */
class AwayRegistry extends MemoryRegistry {
  away = 3;
  isGone = false;

  #answer(): void {
    if (this.away > 0 || this.isGone) {
      this.away -= 1;
      throw new CaptureError("unavailable", "injected: away");
    }
  }

  override async custodian(name: string) {
    this.#answer();
    return super.custodian(name);
  }

  override async scope() {
    this.#answer();
    return super.scope();
  }
}

/** Capture with the rehearsed week as its one connector. */
function play(registry: MemoryRegistry, now = () => new Date()) {
  const rig = setUp();
  const stopping = new AbortController();
  const options = {
    ...rig,
    registry,
    pool,
    log,
    now,
    files: noFiles,
    shards: 1,
    spoolDir: rig.dir,
    linesKey: Buffer.alloc(32, 3),
    scopeKey: SCOPE_KEY,
    mount: () => undefined,
    live: [
      {
        name: "rehearsal",
        accounts: REHEARSAL_ACCOUNTS,
        connect: (custodian: (name: string) => Party) => createRehearsal({ custodian }),
      },
    ],
  };
  const running = runCapture(options, stopping.signal);
  running.catch(() => undefined);
  return {
    rig,
    stop: async () => {
      stopping.abort();
      await running;
      rig.remove();
    },
  };
}

it("starts a connector when the registry answers, and goes on by the last scope when it does not", async () => {
  const registry = new AwayRegistry();
  let at = Date.now();
  const { rig, stop } = play(registry, () => new Date(at));
  rig.publisher.before = () => {
    registry.isGone = true;
    // Each event finds the scope too old.
    at += 60_000;
  };
  while (rig.publisher.published.length < REHEARSAL_EVENTS) await sleep(20);
  await stop();
  expect(registry.away).toBeLessThan(0);
});

it("stops at once while the registry is away", async () => {
  const registry = new AwayRegistry();
  registry.isGone = true;
  const { rig, stop } = play(registry);
  while (registry.away > 0) await sleep(20);
  await stop();
  expect(rig.publisher.published).toEqual([]);
});
