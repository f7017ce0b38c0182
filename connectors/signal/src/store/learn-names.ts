import type { Changes } from "./changes.ts";
import { type Contact, learnContact, readContact } from "./contacts.ts";

/** Adds to what is known of somebody; that a name became another is an event. @param at milliseconds since 1970 */
export function learnNames(changes: Changes, serviceId: string, news: Contact, at: number): void {
  const known = readContact(changes, serviceId);
  for (const which of ["name", "profileName"] as const) {
    const [from, to] = [known[which], news[which]];
    if (from !== undefined && to !== undefined && from !== to)
      changes.entries.push({ what: "renamed", sender: serviceId, of: which, from, to, receivedAt: at });
  }
  learnContact(changes, serviceId, news);
}
