export {
  ChatDb,
  type Columns,
  guidOf,
  nanoseconds,
  OBJECT_CHARACTER,
  type Said,
  writeBackup,
} from "./chat-db.ts";
export { binaryPlist, type Plist } from "./plist.ts";
export { at, FERGUS, MAIRI, PHOTO, putAttachment, UNSENT, writeStory } from "./story.ts";
export { type Run, typedstream } from "./typedstream.ts";
