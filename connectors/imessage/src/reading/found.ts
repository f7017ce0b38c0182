import type { Row } from "../database/table.ts";
import type { Chat } from "./people.ts";

/** A row of `message` with everything that other tables say of it. */
export interface Found {
  readonly row: Row;
  /** Where it is, and where it was before it was deleted. */
  readonly chats: readonly Chat[];
  /** Of its sender, and of whom it is about. */
  readonly handles: readonly Row[];
  readonly attachments: readonly Row[];
  /** Its rows of `chat_recoverable_message_join`: Recently Deleted. */
  readonly binned: readonly Row[];
  /** Some of its values are larger than is read. */
  readonly isCut: boolean;
}
