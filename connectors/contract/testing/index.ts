export * from "./describe-connector.ts";
export * from "./test-agent.ts";
