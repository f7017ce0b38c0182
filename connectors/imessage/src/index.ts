export { importMessages } from "./import-messages.ts";
export { type Handed, handedOver } from "./supply/handed-over.ts";
export type { Member } from "./supply/files.ts";
