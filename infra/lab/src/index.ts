export { cacheDirectory, cachedProgram } from "./cache.ts";
export { type Engine, startEngine } from "./engine.ts";
export { freePorts } from "./free-port.ts";
