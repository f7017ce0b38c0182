// What the page holds: the account, its chats and people, and the messages that are in memory.
import { createWid, MsgKey } from "./ids.js";
import { Collection, Emitter, Model } from "./model.js";

/** What the server wants of this page: see `PageSettings` in `../settings.ts`. */
export const settings = JSON.parse(document.getElementById("settings").textContent);

export const Socket = new Model({ state: "UNLAUNCHED", hasSynced: false });
export const Conn = new Model({ ref: undefined, pushname: undefined, platform: "android", wid: undefined });
export const Cmd = new Emitter();
export const calls = Object.assign(new Emitter(), { _map: new Map() });
/** Who is signed in, and how far the delivery of what came while the page was away has got. */
export const account = { pn: undefined, lid: undefined, offlineProgress: 0 };

const NOTICES = ["gp2", "e2e_notification", "notification_template", "call_log", "protocol"];

class Msg extends Model {
  get isNotification() {
    return NOTICES.includes(this.type);
  }

  get mediaObject() {
    return this.directPath ? {} : undefined;
  }

  async downloadMedia() {
    this.mediaData.mediaStage = this.mediaFault ?? "RESOLVED";
  }

  serialize() {
    const { mediaData, mediaFault, ...attributes } = this;
    return JSON.parse(JSON.stringify(attributes));
  }

  unsafe() {
    return this;
  }

  msgContextInfo() {
    return {};
  }
}

const withWid = (id) => ({ id: createWid(id) });
const contactOf = (id) => ({ ...withWid(id), pushname: undefined, name: undefined, isBusiness: false });
export const collections = {
  Msg: new Collection(Msg),
  Chat: new Collection(Model, (id) => chatAttributes({ id })),
  Contact: new Collection(Model, contactOf),
  GroupMetadata: new Collection(Model, withWid),
  Blocklist: new Collection(Model, withWid),
  Label: new Collection(),
  Status: new Collection(Model, withWid),
  BusinessProfile: new Collection(Model, withWid),
  ProfilePicThumb: new Collection(Model, withWid),
  WAWebNewsletterCollection: new Collection(Model, withWid),
};
const { Msg: messages, Chat: chats, Contact: contacts, GroupMetadata: groups } = collections;

function chatAttributes({ id, name, t = 0, archive = false }) {
  const wid = createWid(id);
  const title = name ?? contacts.get(id)?.name ?? contacts.get(id)?.pushname ?? wid.user;
  return {
    id: wid,
    name: title,
    formattedTitle: title,
    t,
    archive,
    unreadCount: 0,
    endOfHistoryTransferType: 0,
  };
}

/** The messages of a chat that are in memory, oldest first. */
class ChatMessages {
  models = [];

  get length() {
    return this.models.length;
  }

  getModelsArray() {
    return [...this.models];
  }

  drop(message) {
    this.models = this.models.filter((model) => model !== message);
  }
}

chats.on("add", (chat) => {
  Object.defineProperty(chat, "msgs", { value: new ChatMessages(), enumerable: false });
  if (!chat.id.isGroup()) return;
  const participants = new Collection(Model);
  const metadata = groups.add({ id: chat.id, subject: chat.name, announce: false, participants });
  Object.defineProperty(chat, "groupMetadata", { value: metadata, enumerable: false });
});

export function chatOf(id) {
  const wid = createWid(id);
  return chats.get(wid) ?? chats.add(chatAttributes({ id: wid._serialized }));
}

/** Takes the server's word for a chat; a change of what it has already is told as one. */
export function putChat({ id, name, t, archive, unreadCount, announce, participants }) {
  const chat = chats.get(id) ?? chats.add(chatAttributes({ id, name, t, archive }));
  const given = { name, formattedTitle: name, archive, unreadCount };
  chat.set(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
  chat.t = Math.max(chat.t, t ?? 0);
  if (!chat.groupMetadata || !participants) return;
  chat.groupMetadata.set({ subject: chat.name, announce: announce ?? false });
  const there = chat.groupMetadata.participants;
  for (const one of there.getModelsArray())
    if (!participants.some((p) => p.id === one.id._serialized)) there.remove(one.id);
  for (const { id: who, isAdmin } of participants)
    there.add({ ...withWid(who), isAdmin, isSuperAdmin: false }).set({ isAdmin });
}

export function removeChat(id) {
  for (const message of chats.get(id)?.msgs.getModelsArray() ?? []) messages.forget(message.id);
  groups.forget(id);
  chats.remove(id);
}

/** A message in memory, of what the server has of it; not yet in its chat's list. */
function put(wire, isNewMsg) {
  const stage = wire.mediaFault === "REUPLOADING" ? "REUPLOADING" : "NEED_POKE";
  return messages.add({
    ack: 1,
    ...wire,
    id: new MsgKey(wire.id),
    from: createWid(wire.from),
    to: createWid(wire.to),
    ...(wire.author && { author: createWid(wire.author) }),
    ...(wire.latestEditMsgKey && { latestEditMsgKey: new MsgKey(wire.latestEditMsgKey) }),
    ...(wire.directPath && { mediaData: { mediaStage: stage } }),
    isNewMsg,
  });
}

/** Takes a new message in; one that is there already is left as it is. */
export function addNew(wire) {
  const known = messages.get(new MsgKey(wire.id));
  if (known) return known;
  const chat = chatOf(wire.id.remote);
  chat.t = Math.max(chat.t, wire.t);
  const message = put(wire, true);
  chat.msgs.models.push(message);
  return message;
}

/** Takes older messages in, before those that the chat has in memory. */
export function addEarlier(chat, wires) {
  const fresh = wires.filter(
    (wire) => !chat.msgs.models.some((m) => m.id._serialized === new MsgKey(wire.id)._serialized),
  );
  const models = fresh.map((wire) => put(wire, false));
  chat.msgs.models.unshift(...models);
  return models;
}

/** Takes single messages in from the page's database, outside their chats' lists. */
export const addLooked = (wires) => wires.map((wire) => put(wire, false));

export function forget(id) {
  const message = messages.forget(id);
  if (message) chats.get(message.id.remote)?.msgs.drop(message);
}
