// Which hidden id (`@lid`) belongs to which phone number (`@c.us`), as far as WhatsApp has told.
import { createWid } from "./ids.js";
import { collections } from "./state.js";

const phones = new Map();
const lids = new Map();

export const phoneOf = (wid) => phones.get(createWid(wid)._serialized);
export const lidOf = (wid) => lids.get(createWid(wid)._serialized);

/** Takes the server's word for people, and for who is behind a hidden id. */
export function putPeople({ contacts = [], mapping = [] }) {
  for (const [lid, phone] of mapping) {
    phones.set(lid, createWid(phone));
    lids.set(phone, createWid(lid));
  }
  for (const { id, pushname, name } of contacts) {
    const contact = collections.Contact.get(id) ?? collections.Contact.add(collections.Contact.make(id));
    contact.set({ pushname, name, shortName: name?.split(" ")[0], phoneNumber: phoneOf(id) });
  }
}
