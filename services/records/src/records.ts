import { anyOf } from "@daybook/openpgp";
import { ROLES, type Route } from "@daybook/runtime";
import { Accounts } from "./accounts.ts";
import { agentArea } from "./agents/area.ts";
import { ArchiveReader } from "./archive-reader.ts";
import { capturedArea } from "./captured/area.ts";
import { createCells } from "./cells.ts";
import { Changes } from "./changes.ts";
import { readingArea } from "./conversations/area.ts";
import { calendarRoutes } from "./clocks/calendar-routes.ts";
import { Calendars } from "./clocks/calendars.ts";
import { type Database, openDatabase } from "./database.ts";
import { Destruction } from "./destruction.ts";
import { Disposals } from "./disposals.ts";
import { RecordsError } from "./error.ts";
import { pastExportRoutes } from "./exporting/export-routes.ts";
import { PastExports } from "./exporting/past-exports.ts";
import { Exports } from "./exports.ts";
import { Holds } from "./holds.ts";
import { healthArea } from "./health/area.ts";
import { Bell, keepHouse } from "./housekeeping.ts";
import { KeyBlocks } from "./key-blocks.ts";
import { KeyRing } from "./key-ring.ts";
import { KeyChanges } from "./keys/key-changes.ts";
import { KeyNeeds } from "./keys/key-needs.ts";
import { Rewraps } from "./keys/rewraps.ts";
import { catalogueHome, keyringHome } from "./keys/wrapped-home.ts";
import { KeyringHomes } from "./keyring-homes.ts";
import { KeyringRestore } from "./keyring-restore.ts";
import { matterArea } from "./matters/area.ts";
import { movedBy } from "./matters/moved-clocks.ts";
import { Statements } from "./matters/statement.ts";
import { statementRoutes } from "./matters/statement-routes.ts";
import { Operations } from "./operations.ts";
import type { RecordsOptions } from "./options.ts";
import { Participants } from "./participants/participants.ts";
import { participantRoutes, silenceRoutes } from "./participants/participant-routes.ts";
import { PersonNames } from "./person-names.ts";
import { DEFAULT_ZONE, postArea } from "./posts/area.ts";
import { guarded } from "./problem.ts";
import { Reading } from "./reading.ts";
import { Rebuild } from "./rebuild.ts";
import { Refusals } from "./refusals/refusals.ts";
import { Registry } from "./registry.ts";
import { Replay } from "./replay.ts";
import { disposalRoutes, holdRoutes } from "./routes/governance.ts";
import { internalRoutes } from "./routes/internal.ts";
import { keyRoutes } from "./routes/keys.ts";
import { operationsRoutes, spanRoute, supplyRoutes } from "./routes/operations.ts";
import { readingRoutes } from "./routes/reading.ts";
import { registryRoutes } from "./routes/registry.ts";
import { migrate } from "./schema.ts";
import { Scope } from "./scope.ts";
import { authenticatorOf, createSignIn } from "./sign-in/sign-in.ts";
import { SavedSearches } from "./searching/saved-searches.ts";
import { SearchLog } from "./searching/search-log.ts";
import { savedSearchRoutes } from "./searching/search-routes.ts";
import { Searching } from "./searching/search.ts";
import { selectionRoutes } from "./searching/selection-routes.ts";
import { MatterSelection } from "./searching/selection.ts";
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
          return service.authenticator.authenticate(bearer);
        },
        refused: (principal, action) => service.refusals.record(principal, action),
      },
    );
    await migrate(database);
    await service.rebuild.open();
    await service.changes.exclusively(async (turn) => {
      await service.replay.catchUp(turn.session);
      await service.destruction.resume(turn);
    });
    await service.keyChanges.restore();
    await service.calendars.ensure("daybook");
    if (options.owner) {
      const { name } = options.owner;
      await service.tokens.ensure(
        { name, kind: "person", roles: OWNER_ROLES, expiresAt: null },
        options.owner,
        "daybook",
      );
    }
    await service.signIn.open();
    ready = true;
    options.onReady?.();
    await together(signal, [
      (until) => keepHouse({ ...options, ...service }, until),
      (until) => service.rewraps.run(until),
      (until) => service.signIn.run(until),
      (until) => service.refusals.run(until),
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
  const zone = options.zone ?? DEFAULT_ZONE;
  const { posts, custody, routes: overTime } = postArea({ ...base, registry, zone });
  const participants = new Participants(base);
  const tokens = new Tokens(base);
  const names = new PersonNames(base);
  const { matters, routes: ofMatters } = matterArea({ ...base, names });
  const calendars = new Calendars({ ...base, movedBy });
  const signIn = createSignIn({ ...options, ...base, options: options.signIn, trail, registry });
  const authenticator = authenticatorOf(signIn.sessions, tokens);
  const scope = new Scope({ ...base, key: options.scopeKey });
  const reading = new Reading({ archive, catalogue, trail });
  const refusals = new Refusals({ trail, now });
  const searching = new Searching({ ...base, registry, posts, participants, matters, reading, trail });
  const searchLog = new SearchLog({ ...base, registry, posts, participants });
  const selection = new MatterSelection({ ...base, matters, reading, trail, searching, log: searchLog });
  const savedSearches = new SavedSearches({ searching, log: searchLog, selection });
  const statements = new Statements({
    ...base,
    replay,
    archive,
    stores,
    reading,
    matters,
    searches: searchLog,
    names,
    trail,
  });
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
  const operations = new Operations({ ...options, holder, archive, database, disposals, trail });
  const shown = readingArea({
    ...base,
    archive,
    operations,
    reading,
    matters,
    posts,
    searches: searchLog,
    trail,
    refusals,
  });
  const seen = { archive, holder, trail, reading, operations, signal, zone };
  const health = healthArea({ ...options, ...base, ...seen });
  /** What the archiver may need before it can archive the audit events that the start waits for. */
  const always: Route[] = [spanRoute(rebuild)];
  const routes: Route[] = [
    ...ofMatters,
    ...calendarRoutes(calendars),
    ...registryRoutes({
      ...{ registry, accounts, scope, tokens, custody, zone },
      requireConfirmed: signIn.requireConfirmed,
    }),
    ...overTime,
    ...participantRoutes({ participants, zone }),
    ...agentArea({ ...base, registry, accounts }),
    ...internalRoutes({ registry, accounts, scope, authenticator, matters }),
    ...operationsRoutes({ operations, rebuild, restore, verifications: health.verifications }),
    ...health.upkeep,
    ...keyRoutes({ keyChanges, needs, rewraps }),
    ...signIn.routes,
    ...pastExportRoutes(new PastExports({ ...base, matters })),
    ...shown.always,
  ];
  /** What needs a whole catalogue. */
  const whole: Route[] = [
    ...readingRoutes({ searching }),
    ...silenceRoutes({ participants }),
    ...shown.whole,
    ...savedSearchRoutes({ savedSearches, searchLog }),
    ...statementRoutes(statements),
    ...selectionRoutes({ selection }),
    ...health.accounts,
    ...capturedArea({ ...base, reading, zone }),
    ...holdRoutes({ holds, registry, personNames: names }),
    ...disposalRoutes({ disposals, destruction, searching, personNames: names }),
    ...supplyRoutes({ disposals, holds, catalogue, reading }),
  ];
  return {
    always,
    routes,
    reading: whole,
    tokens,
    authenticator,
    signIn,
    changes,
    replay,
    destruction,
    disposed,
    rebuild,
    keyChanges,
    calendars,
    rewraps,
    refusals,
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
