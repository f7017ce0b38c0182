export { createRehearsal, REHEARSAL_ACCOUNTS, REHEARSAL_EVENTS, type RehearsalOptions } from "./rehearsal.ts";
