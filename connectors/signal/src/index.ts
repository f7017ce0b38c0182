export { SignalError, type SignalErrorCode } from "./error.ts";
export type { LinkHealth, LinkStatus } from "./health.ts";
export { Signal, type SignalOptions } from "./signal.ts";
export type { SignalServers } from "./transport/servers.ts";
