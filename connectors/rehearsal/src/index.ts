export { accounts, conversations, party } from "./cast.ts";
export {
  createRehearsal,
  type Mapping,
  REHEARSAL_ACCOUNTS,
  REHEARSAL_EVENTS,
  type RehearsalOptions,
} from "./rehearsal.ts";
export { type Step, week } from "./story.ts";
