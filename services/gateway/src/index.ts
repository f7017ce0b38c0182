export { accountClient } from "./account-client.ts";
export { GatewayError, type GatewayErrorCode } from "./error.ts";
export { gatewayProblem } from "./problem.ts";
export type { GatewayOptions, SendingAccount } from "./options.ts";
export type { Draft, PolicyHook, Refusal } from "./policy/hook.ts";
export { markingsHook } from "./policy/markings.ts";
export { remoteHook } from "./policy/remote.ts";
export { relayOutcome } from "./routes.ts";
export { runGateway } from "./run-gateway.ts";
