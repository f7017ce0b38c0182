import { describeDeployed } from "../deployment/installed.ts";
import { Deployed } from "./crash/deployed.ts";
import { describeCrashes } from "./crash/describe-crashes.ts";

describeCrashes("a deployment, its services killed one at a time", {
  open: () => Deployed.open(),
  lines: 200,
  describe: describeDeployed,
});
