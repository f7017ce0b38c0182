// The 36 modules of WhatsApp Web that whatsapp-web.js 1.34.7 needs for capture, media and a text reply.
import { createWid, MsgKey } from "./ids.js";
import { ask, reconnect, tell, tellNow } from "./link.js";
import { advSecretKey, identityKey, PLATFORM, staticKey } from "./linking.js";
import { lidOf, phoneOf } from "./mapping.js";
import { downloadAndMaybeDecrypt, toBase64 } from "./media.js";
import {
  account,
  addEarlier,
  addLooked,
  addNew,
  calls,
  chatOf,
  Cmd,
  collections,
  Conn,
  Socket,
} from "./state.js";

const LINK = /https?:\/\/\S+/g;
const links = (text) => [...(text ?? "").matchAll(LINK)].map(([href]) => ({ href }));
const isMe = (id) => [account.pn, account.lid].some((wid) => wid?._serialized === id._serialized);

async function getMessagesById(ids) {
  const missing = ids.filter((id) => !collections.Msg.get(id));
  const found = missing.length > 0 ? addLooked(await ask({ t: "messages", ids: missing })) : [];
  const known = ids
    .map((id) => collections.Msg.get(id))
    .filter((message) => message && !found.includes(message));
  return { messages: [...known, ...found] };
}
collections.Msg.getMessagesById = getMessagesById;

async function loadEarlierMsgs({ chat }) {
  const before = chat.msgs.models[0]?.id._serialized;
  const chatId = chat.id._serialized;
  return addEarlier(chat, await ask({ t: "earlier", chat: chatId, ...(before && { before }) }));
}

const textOf = (wid) => wid && createWid(wid)._serialized;

function addAndSendMsgToChat(_chat, { id, from, to, ...attributes }) {
  const key = { fromMe: true, remote: textOf(id.remote), id: id.id };
  const group = id.participant && { author: textOf(from) };
  const ids = {
    id: { ...key, participant: textOf(id.participant) },
    from: textOf(from),
    to: textOf(to),
    ...group,
  };
  const message = addNew({ ...attributes, ...ids });
  const sent = ask({ t: "send", message: { ...message.serialize(), ...ids } }).then((result) => {
    message.set(result === "OK" ? { ack: 1 } : { ack: -1 });
    return { messageSendResult: result, t: message.t };
  });
  return [Promise.resolve(message), sent];
}

export const modules = {
  WAWebSocketModel: {
    Socket: Object.assign(Socket, {
      logout: async () => tell({ t: "logout" }),
      takeover: () => tellNow({ t: "takeover" }),
      reconnect,
    }),
  },
  WAWebCmd: { Cmd: Object.assign(Cmd, { refreshQR: () => tellNow({ t: "refreshQR" }) }) },
  WAWebConnModel: { Conn },
  WAWebStreamModel: {
    Stream: {
      markAvailable: () => tell({ t: "presence", available: true }),
      markUnavailable: () => tell({ t: "presence", available: false }),
    },
  },
  WAWebOfflineHandler: {
    OfflineMessageHandler: { getOfflineDeliveryProgress: () => account.offlineProgress },
  },

  WAWebAltDeviceLinkingApi: {
    setPairingType() {},
    async initializeAltDeviceLinking() {},
    startAltLinkingFlow: async () => "ABCD1234",
    async initializeQRLinking() {},
  },
  WABase64: { encodeB64: toBase64 },
  WAWebCompanionRegClientUtils: { DEVICE_PLATFORM: PLATFORM },
  WAWebAdvSignatureApi: {},
  WAWebUserPrefsInfoStore: { waNoiseInfo: { get: async () => ({ staticKeyPair: { pubKey: staticKey } }) } },
  WAWebSignalStoreApi: {
    waSignalStore: { getRegistrationInfo: async () => ({ identityKeyPair: { pubKey: identityKey } }) },
  },
  WAWebUserPrefsMultiDevice: { getADVSecretKey: () => toBase64(advSecretKey) },
  WAWebUserPrefsMeUser: { getMaybeMePnUser: () => account.pn, getMaybeMeLidUser: () => account.lid },
  WAWebMiscBrowserUtils: { info: () => ({ os: "Linux", name: "Chrome" }) },

  WAWebCollections: collections,
  WAWebCallCollection: calls,
  WAWebSyncGatingUtils: { isPlaceholderMessageResendEnabled: () => false },
  WAWebNonMessageDataRequestPlaceholderMessageResendUtils: {
    handlePlaceholderMsgsSeen: (asked) => tell({ t: "resend", ids: asked.map(({ id }) => id._serialized) }),
  },
  WAWebAddonReactionTableMode: { reactionTableMode: { bulkUpsert() {} } },
  WAWebAddonPollVoteTableMode: { pollVoteTableMode: { async bulkUpsert() {} } },

  WAWebWidFactory: { createWid, createWidFromWidLike: createWid, asUserWidOrThrow: createWid },
  WAWebMsgKey: MsgKey,
  WALinkify: { findLinks: links, findLink: (text) => links(text)[0] },
  WAWebLidMigrationUtils: { toPn: phoneOf },
  WAWebApiContact: {
    getPhoneNumber: phoneOf,
    getCurrentLid: lidOf,
    getAlternateUserWid: (wid) => phoneOf(wid) ?? lidOf(wid),
  },
  WAWebContactGetters: {
    getIsMe: ({ id }) => isMe(id),
    getIsUser: ({ id }) => id.isUser(),
    getIsGroup: ({ id }) => id.isGroup(),
    getIsWAContact: () => true,
    getUserid: ({ id }) => id.user,
    getVerifiedName: () => undefined,
    getVerifiedLevel: () => undefined,
    getStatusMute: () => false,
    getName: ({ name }) => name,
    getShortName: ({ shortName }) => shortName,
    getPushname: ({ pushname }) => pushname,
    getIsEnterprise: () => false,
  },
  WAWebFrontendContactGetters: { getIsMyContact: ({ name }) => name !== undefined },

  WAWebFindChatAction: { findOrCreateLatestChat: async (wid) => ({ chat: chatOf(wid) }) },
  WAWebChatLoadMessages: { loadEarlierMsgs },
  WAWebSendNonMessageDataRequest: {
    sendPeerDataOperationRequest: async (_kind, { chatId }) =>
      void (await ask({ t: "syncHistory", chat: createWid(chatId)._serialized })),
  },
  WAWebDownloadManager: { downloadManager: { downloadAndMaybeDecrypt } },
  WAWebQuotedMsgModelUtils: { getQuotedMsgObj: ({ quotedMsgKey }) => collections.Msg.get(quotedMsgKey) },

  WAWebChatGetters: { getIsNewsletter: () => false, getIsBroadcast: () => false },
  WAWebGetEphemeralFieldsMsgActionsUtils: { getEphemeralFields: () => ({}) },
  WAWebSendMsgChatAction: { addAndSendMsgToChat },
  WAWebUpdateUnreadChatAction: {
    sendSeen: async ({ chat }) => tell({ t: "seen", chat: chat.id._serialized }),
  },
};
