export * from "./describe-connector.ts";
export * from "./test-agent.ts";
export { codePoint } from "./code-point.ts";
