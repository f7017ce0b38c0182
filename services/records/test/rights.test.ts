import { PassThrough } from "node:stream";
import { createLogger, type Route } from "@daybook/runtime";
import { describeRights } from "@daybook/runtime/testing";
import { type RecordsOptions, runRecords } from "../src/index.ts";

// Who gets as far as a handler does not depend on what the handler stands on.
const nothing = {} as never;

/** What the service itself mounts, so that no route is left out: it does so before it waits for anything. */
function mounted(): Promise<readonly Route[]> {
  const { promise, resolve } = Promise.withResolvers<readonly Route[]>();
  const options: RecordsOptions = {
    deployment: "rights",
    sample: false,
    database: { host: "/nowhere", database: "none", user: "nobody" },
    stores: nothing,
    archiveKeys: nothing,
    catalogue: nothing,
    catalogueWriter: nothing,
    indexer: nothing,
    producer: nothing,
    sealer: nothing,
    stream: nothing,
    registryKey: Buffer.alloc(32),
    scopeKey: Buffer.alloc(32),
    vkeys: {},
    archiver: nothing,
    keptElsewhere: { streamDays: 1, keyringSnapshotDays: 1, databaseBackupDays: 1 },
    minLockDays: 1,
    mount: resolve,
    log: createLogger("rights", "fatal", { stream: new PassThrough().resume() }),
    now: () => new Date(),
  };
  void runRecords(options, AbortSignal.abort());
  return promise;
}

const routes = await mounted();

describeRights("the records service", routes);

it("mounts what is public, and nothing else of the kind", () => {
  const open = routes.filter(({ action }) => action === "public").map(({ path }) => path);
  expect(open.filter((path) => !path.startsWith("/api/v1/sign-in"))).toEqual([]);
});
