import type { FreshGroup } from "../groups/group-keeper.ts";
import {
  Aci,
  ContentHint,
  ErrorCode,
  groupEncrypt,
  isLibraryError,
  plain,
  ProtocolAddress,
  sealedSenderMultiRecipientEncrypt,
  UnidentifiedSenderMessageContent,
  type zkgroup,
} from "../libsignal.ts";
import type { GroupCipher } from "../protocol/group-cipher.ts";
import { pad } from "../protocol/padding.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import { readGroupKey } from "../store/group-keys.ts";
import { newIdentitySince } from "../store/identity-changes.ts";
import { devicesWith, distribute, keyFor } from "./group-key.ts";
import type { Missed } from "./group-missed.ts";
import { groupToken } from "./group-token.ts";
import { senderCertificate } from "./sealed.ts";
import { followDevices, MAX_ROUNDS, sendFailure, sendTo, type SendContext, storesOf } from "./send.ts";

/** Does something with the account's ratchets in turn with all else: a big group is many turns, with receiving between. */
export type InTurn = <T>(work: (context: SendContext) => Promise<T>) => Promise<T>;

/** What is sent to a group. */
export interface GroupMessage {
  readonly group: GroupCipher;
  /** Accounts, but the sender's own. */
  readonly members: readonly string[];
  /** As the storage service has it now, if it could be asked. */
  readonly fresh: FreshGroup | undefined;
  readonly server: zkgroup.ServerPublicParams;
  readonly content: Uint8Array;
  /** Names the message: sent again under it, it is the same. Milliseconds since 1970. */
  readonly timestamp: number;
}

/**
 * Sends to a group: encrypted once, under a key that its members have been given, and handed over at once; or to one member
 * after another, where Signal has not endorsed that. The ratchets are durable before anything leaves.
 *
 * @param missed takes note of whom it does not reach
 * @throws {SignalError} `challenge`, `rate-limited`; `unavailable`: it may have been sent
 */
export async function sendToGroup(inTurn: InTurn, message: GroupMessage, missed: Missed): Promise<void> {
  const reached = () => message.members.filter((member) => !missed.has(member));
  await inTurn(({ file }) => Promise.resolve(leaveOutNewIdentities(file, message, missed)));
  for (let round = 0; message.fresh && round < MAX_ROUNDS && reached().length > 0; round += 1) {
    const key = await inTurn((context) => keyFor(context, message.group.id, reached()));
    await distribute(inTurn, message, key, missed);
    const came = await inTurn((context) => sendAtOnce(context, message, key.distributionId, missed));
    if (came === "sent") return;
    if (came === "not-endorsed") break;
  }
  for (const member of reached()) {
    try {
      await inTurn((context) => sendTo(context, Aci.fromUuid(member), message.content, message.timestamp));
    } catch (cause) {
      missed.take(member, cause);
    }
  }
}

/** Whose safety number changed gets nothing until somebody has confirmed it. */
function leaveOutNewIdentities(file: AccountFile, { members }: GroupMessage, missed: Missed): void {
  for (const member of members)
    if (!missed.has(member) && newIdentitySince(file, member) !== undefined)
      missed.add(member, "identity-changed");
}

async function sendAtOnce(
  context: SendContext,
  message: GroupMessage,
  distributionId: string,
  missed: Missed,
): Promise<"sent" | "not-endorsed" | "devices-changed"> {
  const { file, account, now, unauthenticated } = context;
  const { group, timestamp } = message;
  leaveOutNewIdentities(file, message, missed);
  const to = message.members.filter((member) => !missed.has(member));
  if (to.length === 0) return "sent";
  const own = Aci.fromUuid(account.aci);
  const auth = message.fresh && groupToken(group, message.fresh, message.server, own, to, now());
  if (!auth) return "not-endorsed";
  const changes = new Changes(file);
  const payload = await encryptForGroup(context, changes, message, distributionId, to);
  if (!payload) return "devices-changed";
  const chat = await unauthenticated();
  file.commit(changes, now().getTime());
  try {
    const sent = { payload, timestamp, auth, onlineOnly: false, urgent: true };
    const { unregisteredIds } = await chat.sendMultiRecipientMessage(sent);
    for (const id of unregisteredIds) missed.add(id.getServiceIdString(), "unregistered");
    return "sent";
  } catch (cause) {
    if (isLibraryError(cause, ErrorCode.RequestUnauthorized)) return "not-endorsed";
    if (!isLibraryError(cause, ErrorCode.MismatchedDevices)) throw sendFailure(cause);
    // Nobody has got it.
    for (const entry of cause.entries)
      await followDevices(context, entry.account, [entry]).catch((error: unknown) =>
        missed.take(entry.account.getServiceIdString(), error),
      );
    return "devices-changed";
  }
}

/** One ciphertext with a seal for each device; undefined where somebody's devices are others than those with the key. */
async function encryptForGroup(
  context: SendContext,
  changes: Changes,
  { group, content }: GroupMessage,
  distributionId: string,
  to: readonly string[],
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { account, now } = context;
  const stores = storesOf(account, changes, now().getTime());
  const key = readGroupKey(changes, group.id);
  if (key?.distributionId !== distributionId) return undefined;
  const recipients = await devicesWith(key, to, stores.sessions);
  if (!recipients) return undefined;
  const certificate = await senderCertificate(context);
  const own = ProtocolAddress.new(account.aci, account.deviceId);
  const encrypted = await groupEncrypt(own, distributionId, stores.senderKeys, pad(content));
  const { Resendable } = ContentHint;
  const id = plain(Buffer.from(group.id, "base64"));
  return sealedSenderMultiRecipientEncrypt({
    content: UnidentifiedSenderMessageContent.new(encrypted, certificate, Resendable, id),
    recipients,
    identityStore: stores.identities,
    sessionStore: stores.sessions,
  });
}
