import { z } from "zod";
import { aboutAttachment, fileOf } from "./about-attachment.ts";
import type { Change, StateFile } from "./state-file.ts";

/** An attachment of a message that is recorded: it is asked for until it is had, or its time is over. */
export const waitingAttachment = aboutAttachment.extend({
  /** When its network lets go of it. Times are milliseconds since 1970. */
  until: z.int(),
  nextAt: z.int(),
  attempts: z.int(),
});
export type WaitingAttachment = z.infer<typeof waitingAttachment>;

/** What a state file keeps of attachments: those that wait, and those that are dealt with. */
export type AttachmentKind = "media" | "had";

export function keyOf({ core: { account }, eventId, ...of }: WaitingAttachment): string {
  return `${account}:${eventId}:${fileOf(of)}`;
}

/** Beside its message, in the same write. */
export function written(one: WaitingAttachment): Change<AttachmentKind> {
  return { kind: "media", name: keyOf(one), value: one };
}

/** It is recorded, as had or as missing: not asked for again when its message is delivered again. */
export function dealtWith(one: WaitingAttachment): Change<AttachmentKind>[] {
  const name = keyOf(one);
  return [
    { kind: "media", name, value: undefined },
    { kind: "had", name, value: true },
  ];
}

/** Whether it waits already, or is recorded. */
export function isKnown(one: WaitingAttachment, state: StateFile<AttachmentKind>): boolean {
  const name = keyOf(one);
  return state.has("media", name) || state.has("had", name);
}
