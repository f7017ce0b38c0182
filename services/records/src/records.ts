import { anyOf } from "@daybook/openpgp";
import { ROLES, type Route } from "@daybook/runtime";
import { Accounts } from "./accounts.ts";
import { ArchiveReader } from "./archive-reader.ts";
import { createCells } from "./cells.ts";
import { Changes } from "./changes.ts";
import { type Database, openDatabase } from "./database.ts";
import { Destruction } from "./destruction.ts";
import { Disposals } from "./disposals.ts";
import { RecordsError } from "./error.ts";
import { Exports } from "./exports.ts";
import { Holds } from "./holds.ts";
import { Bell, keepHouse } from "./housekeeping.ts";
import { KeyBlocks } from "./key-blocks.ts";
import { KeyRing } from "./key-ring.ts";
import { KeyChanges } from "./keys/key-changes.ts";
import { KeyNeeds } from "./keys/key-needs.ts";
import { Rewraps } from "./keys/rewraps.ts";
import { catalogueHome, keyringHome } from "./keys/wrapped-home.ts";
import { KeyringHomes } from "./keyring-homes.ts";
import { KeyringRestore } from "./keyring-restore.ts";
import { Matters } from "./matters.ts";
import { Operations } from "./operations.ts";
import type { RecordsOptions } from "./options.ts";
import { guarded } from "./problem.ts";
import { Reading } from "./reading.ts";
import { Rebuild } from "./rebuild.ts";
import { Registry } from "./registry.ts";
import { Replay } from "./replay.ts";
import { disposalRoutes, holdRoutes } from "./routes/governance.ts";
import { internalRoutes } from "./routes/internal.ts";
import { keyRoutes } from "./routes/keys.ts";
import { matterRoutes } from "./routes/matters.ts";
import { operationsRoutes, spanRoute, supplyRoutes } from "./routes/operations.ts";
import { readingRoutes } from "./routes/reading.ts";
import { registryRoutes } from "./routes/registry.ts";
import { migrate } from "./schema.ts";
import { Scope } from "./scope.ts";
import { Searching } from "./search.ts";
import { Tokens } from "./tokens.ts";
import { createAuditTrail } from "./trail.ts";

const OWNER_ROLES = ROLES.filter((role) => role !== "reviewer");

/**
 * The records service: registry, tokens, matters, search, reading, holds, disposal. Mounts its routes at once;
 * answers them when it has applied every audit event that was durable at its start and completed what a crash
 * interrupted; runs until the signal aborts. Rejects when the audit log cannot be read or applied.
 */
export async function runRecords(options: RecordsOptions, signal: AbortSignal): Promise<void> {
  const database = openDatabase(options.database, options.databaseLimits);
  try {
    const service = compose(options, database, signal);
    let ready = false;
    const whenReady = () => {
      if (!ready)
        throw new RecordsError("starting", "the records service is starting: try again in a moment");
    };
    const whenWhole = () => {
      whenReady();
      if (service.rebuild.unfinished) {
        throw new RecordsError(
          "starting",
          "the catalogue lacks rows until a rebuild is through: try again when it is",
        );
      }
    };
    options.mount(
      [
        ...service.always.map((one) => guarded(one, () => undefined)),
        ...service.routes.map((one) => guarded(one, whenReady)),
        ...service.reading.map((one) => guarded(one, whenWhole)),
      ],
      {
        authenticate: (bearer) => {
          whenReady();
          return service.tokens.authenticate(bearer);
        },
      },
    );
    await migrate(database);
    await service.rebuild.open();
    await service.changes.exclusively(async (turn) => {
      await service.replay.catchUp(turn.session);
      await service.destruction.resume(turn);
    });
    await service.keyChanges.restore();
    if (options.owner) {
      const { name } = options.owner;
      await service.tokens.ensure(
        { name, kind: "person", roles: OWNER_ROLES, expiresAt: null },
        options.owner,
        "daybook",
      );
    }
    ready = true;
    options.onReady?.();
    await together(signal, [
      (until) => keepHouse({ ...options, ...service }, until),
      (until) => service.rewraps.run(until),
    ]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await database.close();
  }
}

/** Everything the service is made of, over what it was given. */
function compose(options: RecordsOptions, database: Database, signal: AbortSignal) {
  const { deployment, stores, archiveKeys, catalogue, catalogueWriter, producer, sealer, now } = options;
  const holder = anyOf(() => archiveKeys.privateKeys());
  const cells = createCells(options.registryKey);
  const trail = createAuditTrail({ producer, sealer, deployment, now });
  const archive = new ArchiveReader({
    stores,
    keys: new KeyRing(
      new KeyringHomes({ first: stores.keyring, second: stores.keyringCopy, holder, log: options.log }),
    ),
    vkeys: options.vkeys,
  });
  const replay = new Replay({ ...options, archive, cells, signal });
  const changes = new Changes({ database, trail, cells, catchUp: (session) => replay.catchUp(session) });
  const base = { database, changes, cells, now, catalogue };
  const registry = new Registry(base);
  const accounts = new Accounts({ ...base, registry });
  const tokens = new Tokens(base);
  const matters = new Matters(base);
  const scope = new Scope({ ...base, key: options.scopeKey });
  const reading = new Reading({ archive, catalogue, matters, trail });
  const searching = new Searching({ catalogue, registry, matters, reading, trail });
  const holds = new Holds({ ...base, matters });
  const disposals = new Disposals({ ...base, texts: searching.texts });
  const keyrings = stores.keyringCopy ? [stores.keyring, stores.keyringCopy] : [stores.keyring];
  const inForce = () => archiveKeys.recipients().inForce(now());
  const disposed = new Bell();
  const destruction = new Destruction({
    ...options,
    changes,
    replay,
    holds,
    disposals,
    exports: new Exports(cells),
    archive,
    reading,
    keyBlocks: new KeyBlocks({ stores: keyrings, holder, recipients: inForce }),
    keyrings,
    records: stores.records,
    cells,
    disposed,
  });
  const homes = [
    keyringHome("keyring", stores.keyring),
    ...(stores.keyringCopy ? [keyringHome("keyring-copy", stores.keyringCopy)] : []),
    catalogueHome(catalogueWriter),
  ];
  const needs = new KeyNeeds({ ...options, homes, records: stores.records, signal });
  const keyChanges = new KeyChanges({ ...options, database, changes, needs });
  const rewraps = new Rewraps({ ...options, database, changes, homes });
  const restore = new KeyringRestore({
    first: stores.keyring,
    second: stores.keyringCopy,
    holder,
    recipients: inForce,
    archive,
    database,
    disposals,
    changes,
    replay,
    trail,
  });
  const rebuild = new Rebuild({ ...options, archive, replay, changes, trail, signal });
  const operations = new Operations({
    ...options,
    holder,
    archive,
    catalogueWriter,
    database,
    disposals,
    trail,
  });
  /** What the archiver may need before it can archive the audit events that the start waits for. */
  const always: Route[] = [spanRoute(rebuild)];
  const routes: Route[] = [
    ...matterRoutes(matters),
    ...registryRoutes({ registry, accounts, scope, tokens }),
    ...internalRoutes({ registry, accounts, scope, tokens, matters }),
    ...operationsRoutes({ operations, rebuild, restore }),
    ...keyRoutes({ keyChanges, needs, rewraps }),
  ];
  /** What needs a whole catalogue. */
  const whole: Route[] = [
    ...readingRoutes({ searching, reading }),
    ...holdRoutes({ holds, registry }),
    ...disposalRoutes({ disposals, destruction, searching }),
    ...supplyRoutes({ disposals, holds, catalogue, reading }),
  ];
  return {
    always,
    routes,
    reading: whole,
    tokens,
    changes,
    replay,
    destruction,
    disposed,
    rebuild,
    keyChanges,
    rewraps,
  };
}

/** Runs all of them until the signal aborts or one fails, which ends the others. Rejects with what failed first. */
async function together(
  signal: AbortSignal,
  works: readonly ((until: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failure = new AbortController();
  const until = AbortSignal.any([signal, failure.signal]);
  const running = works.map((work) =>
    work(until).catch((error: unknown) => {
      failure.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(running);
  await Promise.all(running);
}
