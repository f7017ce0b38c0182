import { createOutput } from "../../../services/cli/src/output.ts";
import { captureOf } from "../../../services/cli/src/run/capture.ts";
import { runService } from "../../../services/cli/src/run/service.ts";
import { createLoad, LOAD_CUSTODIAN } from "./load-connector.ts";

/** `daybook run capture`, but for the one connector: that of the made-up network at port `FAULTS_NETWORK`. */
const port = Number(process.env.FAULTS_NETWORK);
const capture = captureOf(() => [
  {
    name: "load",
    accounts: [{ custodian: LOAD_CUSTODIAN, network: "sms", method: "carrier" }],
    connect: (custodian) => createLoad({ port, custodian: custodian(LOAD_CUSTODIAN) }),
  },
]);
await runService("capture", capture, {
  env: process.env,
  known: () => true,
  check: false,
  output: createOutput(false),
}).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : "failed"}\n`);
  process.exitCode = 1;
});
