import { ROLES, type Route } from "@daybook/runtime";
import { ArchiveReader } from "./archive-reader.ts";
import { createCells } from "./cells.ts";
import { Changes } from "./changes.ts";
import { type Database, openDatabase } from "./database.ts";
import { RecordsError } from "./error.ts";
import { KeyRing } from "./key-ring.ts";
import { Matters } from "./matters.ts";
import type { RecordsOptions } from "./options.ts";
import { guarded } from "./problem.ts";
import { Reading } from "./reading.ts";
import { Registry } from "./registry.ts";
import { Replay } from "./replay.ts";
import { internalRoutes } from "./routes/internal.ts";
import { matterRoutes } from "./routes/matters.ts";
import { readingRoutes } from "./routes/reading.ts";
import { registryRoutes } from "./routes/registry.ts";
import { migrate } from "./schema.ts";
import { Scope } from "./scope.ts";
import { Searching } from "./search.ts";
import { Tokens } from "./tokens.ts";
import { createAuditTrail } from "./trail.ts";
import { setInterval } from "node:timers/promises";

/** How often what is archived meanwhile is read, so that the next start has little to read. */
const ADVANCE_MS = 60_000;

const OWNER_ROLES = ROLES.filter((role) => role !== "reviewer");

/**
 * The records service: registry, tokens, matters, search, reading, holds, disposal. Mounts its routes at once;
 * answers them when it has applied every audit event that was durable at its start; runs until the signal
 * aborts. Rejects when the audit log cannot be read or applied.
 */
export async function runRecords(options: RecordsOptions, signal: AbortSignal): Promise<void> {
  const database = openDatabase(options.database);
  try {
    const service = compose(options, database);
    let ready = false;
    const whenReady = () => {
      if (!ready)
        throw new RecordsError("starting", "the records service is starting: try again in a moment");
    };
    options.host.mount(
      service.routes.map((one) => guarded(one, whenReady)),
      {
        authenticate: (bearer) => {
          whenReady();
          return service.tokens.authenticate(bearer);
        },
      },
    );
    await migrate(database);
    await service.changes.exclusively(({ session }) => service.replay.catchUp(session, signal));
    if (options.owner) await ensureOwner(service.tokens, options.owner);
    ready = true;
    options.onReady?.();
    for await (const _ of setInterval(ADVANCE_MS, undefined, { signal })) {
      await service.changes.exclusively(({ session }) => service.replay.advance(session, signal));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await database.close();
  }
}

function compose(options: RecordsOptions, database: Database) {
  const { deployment, stores, privateKey, catalogue, producer, sealer, stream, archiver, vkeys, now } =
    options;
  const cells = createCells(options.registryKey);
  const trail = createAuditTrail({ producer, sealer, deployment, now });
  const archive = new ArchiveReader({ stores, keys: new KeyRing(stores.keyring, privateKey), vkeys });
  const replay = new Replay({ archive, archiver, stream, cells });
  const changes = new Changes({ database, trail, cells, catchUp: (session) => replay.catchUp(session) });
  const base = { database, changes, cells, now };
  const registry = new Registry(base);
  const tokens = new Tokens(base);
  const matters = new Matters(base);
  const scope = new Scope({ ...base, key: options.scopeKey });
  const reading = new Reading({ archive, catalogue, matters, trail });
  const searching = new Searching({ catalogue, registry, matters, reading, trail });
  const routes: Route[] = [
    ...readingRoutes({ searching, reading }),
    ...matterRoutes(matters),
    ...registryRoutes({ registry, scope, tokens }),
    ...internalRoutes({ registry, scope, tokens, matters }),
  ];
  return { routes, tokens, changes, replay };
}

async function ensureOwner(tokens: Tokens, owner: NonNullable<RecordsOptions["owner"]>): Promise<void> {
  await tokens.ensure(
    { name: owner.name, kind: "person", roles: OWNER_ROLES, expiresAt: null },
    owner,
    "daybook",
  );
}
