import { load } from "./whatsapp.ts";

/**
 * What of WhatsApp Web is needed to capture, by module: a member that has to be there, by its path, or none. Named in the
 * alarm when it is not. From whatsapp-web.js 1.34.7 and what is here.
 */
const NEEDED: readonly (readonly [module: string, ...members: string[]])[] = [
  ["WAWebSocketModel", "Socket.on"],
  ["WAWebCmd", "Cmd.on"],
  ["WAWebConnModel", "Conn.on"],
  ["WAWebOfflineHandler", "OfflineMessageHandler"],
  ["WAWebAltDeviceLinkingApi"],
  ["WABase64", "encodeB64"],
  ["WAWebCompanionRegClientUtils"],
  ["WAWebAdvSignatureApi"],
  ["WAWebUserPrefsInfoStore", "waNoiseInfo"],
  ["WAWebSignalStoreApi", "waSignalStore"],
  ["WAWebUserPrefsMultiDevice", "getADVSecretKey"],
  ["WAWebUserPrefsMeUser", "getMaybeMePnUser"],
  [
    "WAWebCollections",
    "Msg.on",
    "Msg.get",
    "Msg.getMessagesById",
    "Chat.on",
    "Chat.get",
    "Chat.getModelsArray",
    "Contact.get",
  ],
  ["WAWebSyncGatingUtils"],
  ["WAWebCallCollection"],
  ["WAWebNonMessageDataRequestPlaceholderMessageResendUtils", "handlePlaceholderMsgsSeen"],
  ["WAWebAddonReactionTableMode", "reactionTableMode.bulkUpsert"],
  ["WAWebAddonPollVoteTableMode", "pollVoteTableMode.bulkUpsert"],
  ["WALinkify", "findLinks"],
  ["WAWebWidFactory", "createWid"],
  ["WAWebChatLoadMessages", "loadEarlierMsgs"],
  ["WAWebApiContact"],
  ["WAWebDownloadManager", "downloadManager.downloadAndMaybeDecrypt"],
];

/** What is needed and is not there, as `module` or `module.member`. */
export function missingModules(): string[] {
  return NEEDED.flatMap(([module, ...members]) => {
    try {
      const found = load<unknown>(module);
      if (found === undefined || found === null) return [module];
      return members.filter((path) => memberOf(found, path) === undefined).map((path) => `${module}.${path}`);
    } catch {
      return [module];
    }
  });
}

function memberOf(found: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], found);
}
