// What one event of the server (`../wire.ts`) does to what is in memory.
import { createWid, MsgKey } from "./ids.js";
import { modules } from "./modules.js";
import { addNew, calls, collections, putChat, removeChat } from "./state.js";

const find = (key) => collections.Msg.get(new MsgKey(key));
const addon = ({ key, parent, by, at }) => ({
  id: new MsgKey(key),
  parent: new MsgKey(parent),
  author: createWid(by),
  from: createWid(by),
  at,
});

const apply = {
  message: ({ message }) => addNew(message),

  edit({ key, text, at, editKey }) {
    const message = find(key);
    const where = message?.directPath ? "caption" : "body";
    const latest = { latestEditMsgKey: new MsgKey(editKey), latestEditSenderTimestampMs: at };
    message?.set({ [where]: text, ...latest });
  },

  revoke({ key, by, at, placeholder }) {
    const about = { protocolMessageKey: new MsgKey(key), revokeTimestamp: Math.floor(at / 1000) };
    const revoked = { type: "revoked", subtype: by, ...about };
    if (placeholder) addNew({ ...placeholder, ...revoked });
    else find(key)?.set({ ...revoked, body: "", caption: undefined, directPath: undefined });
  },

  deleteForMe({ key }) {
    const message = find(key);
    if (!message) return;
    collections.Chat.get(message.id.remote)?.msgs.drop(message);
    collections.Msg.remove(message.id);
  },

  ack: ({ key, ack }) => find(key)?.set({ ack }),
  decrypt: ({ key, attributes }) => find(key)?.set(attributes),
  mediaStage({ key, stage }) {
    const message = find(key);
    if (!message) return;
    message.mediaData.mediaStage = stage;
    message.mediaFault = stage === "NEED_POKE" || stage === "RESOLVED" ? undefined : stage;
  },

  reaction({ text, ...event }) {
    const { parent, at, ...row } = addon(event);
    const reaction = { ...row, reactionParentKey: parent, reactionText: text, reactionTimestamp: at };
    modules.WAWebAddonReactionTableMode.reactionTableMode.bulkUpsert([
      { ...reaction, read: false, orphan: 0 },
    ]);
  },

  vote({ selected, ...event }) {
    const { parent, at, ...row } = addon(event);
    const vote = { ...row, pollUpdateParentKey: parent, selectedOptionLocalIds: selected };
    const times = { t: at, senderTimestampMs: at };
    void modules.WAWebAddonPollVoteTableMode.pollVoteTableMode.bulkUpsert([{ ...vote, ...times }]);
  },

  call: ({ call }) => calls._map.set(call.id, { ...call, peerJid: createWid(call.peerJid) }),
  chat: ({ chat }) => putChat(chat),
  chatRemoved: ({ id }) => removeChat(id),
};

/** Applies one event. What it is about and is not in memory is left alone, and no listener hears of it. */
export function applyEvent(event) {
  apply[event.op](event);
}
