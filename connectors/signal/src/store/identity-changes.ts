import type { Changes, Values } from "./changes.ts";

/**
 * Notes that somebody's identity key is another than before: an event, and a reason to ask before they are written to.
 *
 * @param at milliseconds since 1970
 */
export function noteNewIdentity(changes: Changes, serviceId: string, at: number): void {
  changes.entries.push({ what: "identity", sender: serviceId, receivedAt: at });
  changes.set("new-identity", serviceId, Buffer.from(String(at)));
}

/** Since when somebody's safety number is one that nobody has confirmed; undefined where none is. */
export function newIdentitySince(values: Pick<Values, "get">, serviceId: string): number | undefined {
  const stored = values.get("new-identity", serviceId);
  return stored && Number(Buffer.from(stored).toString());
}

/** Somebody has confirmed it. Harmless where there is nothing to confirm. */
export function confirmIdentity(values: Values, serviceId: string): void {
  if (newIdentitySince(values, serviceId) !== undefined) values.set("new-identity", serviceId, undefined);
}
