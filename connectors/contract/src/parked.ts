import { z } from "zod";

/** What `daybook.parked` holds, each sealed to the archive key as an ordinary OpenPGP message. */
export const parkedEvent = z.strictObject({
  v: z.literal(1),
  reason: z.enum(["undecryptable", "malformed"]),
  /** When it was parked. */
  at: z.iso.datetime({ precision: 3 }),
  /** Where it lay. One event may be parked twice: this tells. */
  from: z.strictObject({
    stream: z.string().max(128),
    topic: z.string().max(128),
    partition: z.int().nonnegative(),
    offset: z.int().nonnegative(),
  }),
  /** Base64: the stream's own bytes when undecryptable, else what they decrypted to. */
  payload: z.base64(),
});
export type ParkedEvent = z.infer<typeof parkedEvent>;
