import { PassThrough } from "node:stream";
import { createLogger } from "@daybook/runtime";
import { describeRights } from "@daybook/runtime/testing";
import { exportRoutes } from "../src/routes.ts";

// Who gets as far as a handler does not depend on what the handler stands on.
const log = createLogger("rights", "fatal", { stream: new PassThrough().resume() });
describeRights("the evidence service", exportRoutes({} as never, {} as never, log));
