export { SignalError, type SignalErrorCode } from "./error.ts";
export type { LinkHealth, LinkStatus } from "./health.ts";
export type { Log } from "./log.ts";
export type { ScopedSink } from "./pump.ts";
export { Signal, type SignalOptions } from "./signal.ts";
export type { SignalServers } from "./transport/servers.ts";
