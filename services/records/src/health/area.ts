import type { Stores } from "@daybook/archive-core";
import type { CatalogueReader } from "@daybook/catalogue";
import type { Logger, Route } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Operations } from "../operations.ts";
import type { Reading } from "../reading.ts";
import { Health } from "./health.ts";
import { healthRoutes } from "./health-routes.ts";
import { Listening } from "./listening.ts";
import { ParkedEvents, type ParkedEventsOptions } from "./parked.ts";
import { Storage } from "./storage.ts";
import { upkeepRoutes } from "./upkeep-routes.ts";
import { Verifications } from "./verifications.ts";

/** How the archive does, and what is to be seen to. */
export function healthArea(
  base: ParkedEventsOptions & {
    readonly cells: Cells;
    readonly catalogue: CatalogueReader;
    readonly reading: Reading;
    readonly operations: Operations;
    readonly stores: Stores;
    readonly archive: { readonly shards: readonly string[] };
    readonly zone: string;
    readonly log: Logger;
    readonly now: () => Date;
  },
): {
  verifications: Verifications;
  parked: ParkedEvents;
  storage: Storage;
  upkeep: Route[];
  accounts: Route[];
} {
  const { operations } = base;
  const listening = new Listening(base);
  const health = new Health({ ...base, listening });
  const parked = new ParkedEvents(base);
  const storage = new Storage(base);
  const verifications = new Verifications({
    ...base,
    shards: base.archive.shards,
    fsck: (actor) => operations.fsck(actor),
  });
  return {
    verifications,
    parked,
    storage,
    upkeep: upkeepRoutes({ operations, parked, storage, verifications }),
    accounts: healthRoutes({ ...base, health, listening }),
  };
}
