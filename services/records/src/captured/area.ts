import type { CatalogueReader } from "@daybook/catalogue";
import type { Route } from "@daybook/runtime";
import type { Cells } from "../cells.ts";
import type { Changes } from "../changes.ts";
import type { Database } from "../database.ts";
import { Listening } from "../health/listening.ts";
import { Devices } from "../posts/devices.ts";
import type { Reading } from "../reading.ts";
import { Captured } from "./captured.ts";
import { capturedRoutes } from "./captured-routes.ts";

/** What Daybook has of whoever asks. */
export function capturedArea(base: {
  readonly database: Database;
  readonly changes: Changes;
  readonly cells: Cells;
  readonly catalogue: CatalogueReader;
  readonly reading: Reading;
  readonly zone: string;
  readonly now: () => Date;
}): Route[] {
  const captured = new Captured({ ...base, listening: new Listening(base), devices: new Devices(base) });
  return capturedRoutes(captured, base.now);
}
