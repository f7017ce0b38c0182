import type { Event, RelayConversation } from "@daybook/contract";
import { z } from "zod";
import type { Change, StateFile } from "./state-file.ts";

const chat = z.object({ title: z.string(), kind: z.enum(["direct", "group", "channel", "unknown"]) });

/** A conversation that an account is known to be in, by what was captured of it. */
export function readChat(state: StateFile<"chat">, id: string): RelayConversation | undefined {
  const { data } = chat.safeParse(state.get("chat", id));
  return data && { id, ...data };
}

/**
 * What is to be written before anything of a conversation is captured: one that is on record can then be answered, whatever
 * becomes of the process. Nothing where it is known as it is.
 */
export function chatChanges(state: StateFile<"chat">, conversation: Event["conversation"]): Change<"chat">[] {
  if (!conversation) return [];
  const { id, title, kind } = conversation;
  const known = readChat(state, id);
  return known?.title === title && known.kind === kind
    ? []
    : [{ kind: "chat", name: id, value: { title, kind } }];
}
