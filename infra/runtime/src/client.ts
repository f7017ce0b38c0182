// What a client needs, which waits for no server to load.
export { RuntimeError } from "./error.ts";
export { type ApiClient, apiClient } from "./http/client.ts";
export { ProblemError } from "./http/problem.ts";
export { ROLES } from "./http/rights.ts";
