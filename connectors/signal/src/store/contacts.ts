import { z } from "zod";
import type { Values } from "./changes.ts";

/** What is known of somebody. Names come from the official's phone or the person's own profile. */
const contact = z.strictObject({
  name: z.string().optional(),
  number: z.string().optional(),
  profileName: z.string().optional(),
  /** Base64, 32 bytes. */
  profileKey: z.string().optional(),
  /** The account that a phone number's identity turned out to belong to. */
  aci: z.string().optional(),
});
export type Contact = z.infer<typeof contact>;

/** @param serviceId as text */
export function readContact(values: Pick<Values, "get">, serviceId: string): Contact {
  const stored = values.get("contact", serviceId);
  if (!stored) return {};
  return contact.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

/** Adds to what is known; writes nothing when that is nothing new. */
export function learnContact(values: Values, serviceId: string, news: Contact): void {
  const known = readContact(values, serviceId);
  const all = { ...known, ...news };
  if (Object.entries(all).every(([key, value]) => known[key as keyof Contact] === value)) return;
  values.set("contact", serviceId, Buffer.from(JSON.stringify(all)));
}

/** How a person is called in a record: the best name that is known, the number, else the id. */
export function nameOf(values: Pick<Values, "get">, serviceId: string): string {
  const { name, profileName, number } = readContact(values, serviceId);
  return name ?? profileName ?? number ?? serviceId;
}
