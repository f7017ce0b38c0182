import { z } from "zod";
import type { Values } from "./changes.ts";

/** What is known of a group. */
const group = z.strictObject({
  masterKey: z.string(),
  title: z.string().optional(),
  /** Accounts, as text. */
  members: z.array(z.string()).optional(),
  revision: z.int().nonnegative().optional(),
});
export type Group = z.infer<typeof group>;

/** @param id base64 */
export function readGroup(values: Pick<Values, "get">, id: string): Group | undefined {
  const stored = values.get("group", id);
  return stored && group.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

export function writeGroup(values: Values, id: string, value: Group): void {
  values.set("group", id, Buffer.from(JSON.stringify(value)));
}

/** Which group a message was in, by its network id: what receipts and read marks do not say. */
export function groupOfMessage(values: Pick<Values, "get">, networkId: string): string | undefined {
  const stored = values.get("group-of", networkId);
  return stored && Buffer.from(stored).toString("utf8");
}

export function rememberGroupOf(values: Values, networkId: string, groupId: string): void {
  values.set("group-of", networkId, Buffer.from(groupId));
}
