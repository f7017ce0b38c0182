export { type AgentHome, enrolMacAgent, type MacAgentOptions, runMacAgent } from "./agent/run-mac-agent.ts";
export type { LivenessCommands } from "./agent/liveness.ts";
export { macMessagesReader } from "./agent/reading/mac-reader.ts";
export { importMessages } from "./import-messages.ts";
export { type Handed, handedOver } from "./supply/handed-over.ts";
export type { Member } from "./supply/files.ts";
export { BlueBubbles } from "./bluebubbles/bluebubbles.ts";
export { isPrivate } from "./bluebubbles/client.ts";
export type { BlueBubblesOptions, CanaryOf } from "./bluebubbles/options.ts";
