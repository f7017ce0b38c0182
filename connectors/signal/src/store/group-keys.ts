import { z } from "zod";
import type { Values } from "./changes.ts";

/** A device as a key was given to it: another installation of the app under the same number is another device. */
const holder = z.strictObject({ device: z.int().positive(), registration: z.int().nonnegative() });
export type Holder = z.infer<typeof holder>;

const groupKey = z.strictObject({
  /** Names the key to whoever has it. */
  distributionId: z.uuid(),
  /** Milliseconds since 1970. */
  madeAt: z.int().nonnegative(),
  /** Who has it, by account. */
  holders: z.record(z.string(), z.array(holder)),
});
/** What an account encrypts for a whole group with: the key itself is with the sender keys. */
export type GroupKey = z.infer<typeof groupKey>;

/** @param id of the group, base64 */
export function readGroupKey(values: Pick<Values, "get">, id: string): GroupKey | undefined {
  const stored = values.get("group-key", id);
  return stored && groupKey.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

/** A device cannot read what was encrypted with the key: it is given it again with the next message. */
export function forgetHolder(values: Values, id: string, member: string, device: number): void {
  const known = readGroupKey(values, id);
  if (!known?.holders[member]) return;
  const left = known.holders[member].filter((one) => one.device !== device);
  writeGroupKey(values, id, { ...known, holders: { ...known.holders, [member]: left } });
}

export function writeGroupKey(values: Values, id: string, value: GroupKey): void {
  values.set("group-key", id, Buffer.from(JSON.stringify(value)));
}
