import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CatalogueError,
  type CatalogueConnection,
  type CatalogueState,
  type CatalogueWriter,
  createCatalogueWriter,
  migrate,
  openCatalogue,
  sealCellsTo,
} from "@daybook/catalogue";
import { startPostgres } from "@daybook/compose";
import type { Recipient } from "@daybook/openpgp";

/** Fails or holds up what is asked of a catalogue. `kept`: it happens, and only the answer is lost. */
export type CatalogueFault = "lost" | "kept";

/** A catalogue in memory that keeps the writer's promises, and fails when told to. */
export class MemoryCatalogue implements Pick<
  CatalogueWriter,
  "write" | "known" | "position" | "settle" | "analyzeIfDue"
> {
  /** Where each record is, by id. */
  readonly rows = new Map<string, { shard: string; index: number }>();
  readonly states = new Map<string, CatalogueState>();
  readonly faults: CatalogueFault[] = [];
  /** Awaited before each write. */
  before: () => Promise<void> = () => Promise.resolve();

  async write(...[records, state]: Parameters<CatalogueWriter["write"]>): Promise<void> {
    await this.before();
    const rows = typeof records === "function" ? await records() : records;
    const fault = this.faults.shift();
    if (fault === "lost") throw new CatalogueError("unavailable", "injected: lost");
    const size = this.states.get(state.shard)?.size ?? 0;
    if (size < state.from) throw new CatalogueError("out-of-order", "rows below are missing");
    this.settled = false;
    for (const { id, position } of rows) {
      const there = this.rows.get(id);
      if (there && there.index !== position.index) throw new Error(`${id} is recorded twice`);
      this.rows.set(id, position);
    }
    if (state.size >= size) this.states.set(state.shard, { size: state.size, stream: state.stream });
    if (fault === "kept") throw new CatalogueError("unavailable", "injected: kept");
  }

  async known(ids: readonly string[], least: { shard: string; size: number }): Promise<Set<string>> {
    if ((this.states.get(least.shard)?.size ?? 0) < least.size) {
      throw new CatalogueError("out-of-order", "the catalogue has gone back");
    }
    return new Set(ids.filter((id) => this.rows.has(id)));
  }

  async position(shard: string): Promise<CatalogueState | undefined> {
    return this.states.get(shard);
  }

  /** Whether what was written is ready to be searched quickly. */
  settled = true;
  /** How often `settle` fails before it does its work. */
  settleFaults = 0;

  async settle(): Promise<void> {
    if (this.settleFaults > 0) {
      this.settleFaults -= 1;
      throw new CatalogueError("unavailable", "injected: lost");
    }
    this.settled = true;
  }

  async analyzeIfDue(): Promise<void> {
    // There is nothing to plan.
  }

  /** Loses every row, as a drop for a rebuild does. */
  drop(): void {
    this.rows.clear();
    this.states.clear();
  }

  /** The ids of a shard, by index. */
  ids(shard: string): (string | undefined)[] {
    const ids = Array.from<string | undefined>({ length: this.states.get(shard)?.size ?? 0 });
    for (const [id, place] of this.rows) if (place.shard === shard) ids[place.index] = id;
    return ids;
  }
}

/** A real PostgreSQL of its own, with the catalogue's schema. */
export interface TestPostgres {
  readonly connection: CatalogueConnection;
  stop(): Promise<void>;
}

export async function startTestPostgres(): Promise<TestPostgres> {
  const dir = await mkdtemp(join(tmpdir(), "daybook-archiver-pg-"));
  const quiet = { info: () => undefined, warn: () => undefined };
  const postgres = await startPostgres({ dataDir: dir, log: quiet });
  const { connection } = postgres;
  const owner = openCatalogue(connection, "owner", { max: 1 });
  await migrate(owner);
  await owner.close();
  return {
    connection,
    async stop() {
      await postgres.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function openWriter(connection: CatalogueConnection, recipients: readonly Recipient[]) {
  const pool = openCatalogue(connection, "writer");
  const writer = createCatalogueWriter({ pool, cells: sealCellsTo(() => recipients) });
  return { writer, close: () => pool.close() };
}
