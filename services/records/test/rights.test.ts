import { describeRights } from "@daybook/runtime/testing";
import { disposalRoutes, holdRoutes } from "../src/routes/governance.ts";
import { internalRoutes } from "../src/routes/internal.ts";
import { keyRoutes } from "../src/routes/keys.ts";
import { matterRoutes } from "../src/routes/matters.ts";
import { operationsRoutes, spanRoute, supplyRoutes } from "../src/routes/operations.ts";
import { readingRoutes } from "../src/routes/reading.ts";
import { registryRoutes } from "../src/routes/registry.ts";

// Who gets as far as a handler does not depend on what the handler stands on.
const nothing = {} as never;

describeRights("the records service", [
  ...readingRoutes(nothing),
  ...matterRoutes(nothing),
  ...registryRoutes(nothing),
  ...internalRoutes(nothing),
  ...operationsRoutes(nothing),
  ...keyRoutes(nothing),
  ...holdRoutes(nothing),
  ...disposalRoutes(nothing),
  ...supplyRoutes(nothing),
  spanRoute(nothing),
]);
