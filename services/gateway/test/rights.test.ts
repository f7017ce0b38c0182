import { describeRights } from "@daybook/runtime/testing";
import { gatewayRoutes } from "../src/routes.ts";

// Who gets as far as a handler does not depend on what the handler stands on.
describeRights("the gateway", gatewayRoutes({} as never, {} as never));
