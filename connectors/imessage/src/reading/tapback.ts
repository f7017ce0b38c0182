import type { Row } from "../database/table.ts";

/** A tapback: what it is on, and what it shows; nothing where it takes one back. */
export interface Tapback {
  readonly target: string;
  readonly text: string;
}

const STICKER = 1_000;
const FIRST = 2_000;
const EMOJI = 2_006;
const STICKER_TAPBACK = 2_007;
const REMOVED = 1_000;
const SHOWN = ["❤️", "👍", "👎", "😂", "‼️", "❓"];
const TARGET = /^(?:p:\d+\/|bp:)?(.+)$/s;
const MAX_EMOJI = 64;
const MAX_TARGET = 400;

/** undefined for a row that is no tapback. @see channels.md 3.2 on `associated_message_type` */
export function tapbackOf(row: Row): Tapback | undefined {
  const type = Number(row.integer("associated_message_type"));
  const isRemoval = type >= FIRST + REMOVED && type <= STICKER_TAPBACK + REMOVED;
  const added = isRemoval ? type - REMOVED : type;
  if (added !== STICKER && (added < FIRST || added > STICKER_TAPBACK)) return undefined;
  const target = TARGET.exec(row.text("associated_message_guid") ?? "")?.[1];
  if (target === undefined) return undefined;
  const shown =
    added === EMOJI
      ? (row.text("associated_message_emoji") ?? "an emoji").slice(0, MAX_EMOJI)
      : (SHOWN[added - FIRST] ?? "a sticker");
  return { target: target.slice(0, MAX_TARGET), text: isRemoval ? "" : shown };
}
