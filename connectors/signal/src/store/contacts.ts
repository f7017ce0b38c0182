import { z } from "zod";
import type { Values } from "./changes.ts";
import { wantProfile } from "./wanted-profiles.ts";

/** What is known of somebody. Names come from the official's phone or the person's own profile. */
const contact = z.strictObject({
  name: z.string().optional(),
  number: z.string().optional(),
  profileName: z.string().optional(),
  /** Base64, 32 bytes. */
  profileKey: z.string().optional(),
  /** The account that a phone number's identity turned out to belong to. */
  aci: z.string().optional(),
  username: z.string().optional(),
  /** As the official set it on the phone. */
  blocked: z.boolean().optional(),
  /** The official compared the safety number. */
  verified: z.boolean().optional(),
});
export type Contact = z.infer<typeof contact>;

/** @param serviceId as text */
export function readContact(values: Pick<Values, "get">, serviceId: string): Contact {
  const stored = values.get("contact", serviceId);
  if (!stored) return {};
  return contact.parse(JSON.parse(Buffer.from(stored).toString("utf8")));
}

/**
 * Adds to what is known; writes nothing when that is nothing new. A new profile key has the profile fetched.
 *
 * @returns whether it has
 */
export function learnContact(values: Values, serviceId: string, news: Contact): boolean {
  const known = readContact(values, serviceId);
  const all = { ...known, ...news };
  if (Object.entries(all).every(([key, value]) => known[key as keyof Contact] === value)) return false;
  values.set("contact", serviceId, Buffer.from(JSON.stringify(all)));
  const isNew = all.profileKey !== known.profileKey;
  const isWanted = isNew && (known.profileKey !== undefined || all.profileName === undefined);
  if (isWanted) wantProfile(values, serviceId);
  return isWanted;
}

/** How a person is called in a record: the best name that is known, the number, else the id. */
export function nameOf(values: Pick<Values, "get">, serviceId: string): string {
  const { name, profileName, number } = readContact(values, serviceId);
  return name ?? profileName ?? number ?? serviceId;
}
