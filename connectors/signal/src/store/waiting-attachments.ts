import { aboutAttachment } from "@daybook/keeping";
import { z } from "zod";
import type { AccountFile } from "./account-file.ts";
import type { Values } from "./changes.ts";

/** An attachment that its message was recorded without, and that is still asked for. */
const waitingAttachment = z.strictObject({
  about: aboutAttachment,
  wanted: z.strictObject({
    pointer: z.strictObject({
      cdn: z.int(),
      at: z.string(),
      key: z.base64(),
      digest: z.base64(),
      sizeBytes: z.int().nonnegative(),
    }),
    name: z.string(),
    mediaType: z.string(),
    isText: z.boolean(),
  }),
  /** Milliseconds since 1970. */
  until: z.int().nonnegative(),
  nextAt: z.int().nonnegative(),
  attempts: z.int().nonnegative(),
});
export type WaitingAttachment = z.infer<typeof waitingAttachment>;

const KIND = "waiting-attachment";

export function writeWaiting(values: Values, waiting: WaitingAttachment): void {
  values.set(KIND, nameOf(waiting), Buffer.from(JSON.stringify(waiting)));
}

export function removeWaiting(values: Values, waiting: WaitingAttachment): void {
  values.set(KIND, nameOf(waiting), undefined);
}

/** All that wait, in no order. */
export function readWaiting(file: AccountFile): WaitingAttachment[] {
  return [...file.all(KIND)].map((value) =>
    waitingAttachment.parse(JSON.parse(Buffer.from(value).toString("utf8"))),
  );
}

export function countWaiting(file: AccountFile): number {
  return file.count(KIND);
}

function nameOf({ about }: WaitingAttachment): string {
  return `${about.eventId}:${about.n}`;
}
