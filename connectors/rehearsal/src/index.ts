export { accounts, conversations, party } from "./cast.ts";
export { REHEARSAL_LINKS } from "./linking.ts";
export {
  createRehearsal,
  type Mapping,
  REHEARSAL_ACCOUNTS,
  REHEARSAL_EVENTS,
  type RehearsalOptions,
} from "./rehearsal.ts";
export { REHEARSAL_DEVICES, REHEARSAL_POSTS } from "./registry.ts";
export { type Step, week } from "./story.ts";
