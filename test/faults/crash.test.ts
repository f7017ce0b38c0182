import { describeCrashes } from "./crash/describe-crashes.ts";
import { Embedded } from "./crash/embedded.ts";

describeCrashes("a machine alone, killed", { open: () => Promise.resolve(new Embedded()), lines: 2_000 });
