import { describeRights } from "@daybook/runtime/testing";
import { linkRoutes } from "../src/linking/routes.ts";
import { questionRoutes } from "../src/linking/question-routes.ts";
import { selfLinkRoutes } from "../src/linking/self-routes.ts";
import { importRoutes } from "../src/routes.ts";

// Who gets as far as a handler does not depend on what the handler stands on.
describeRights("the capture service", [
  ...importRoutes({} as never),
  ...linkRoutes(
    {} as never,
    () => [],
    () => [],
    {} as never,
  ),
  ...selfLinkRoutes({} as never),
  ...questionRoutes({} as never),
]);
