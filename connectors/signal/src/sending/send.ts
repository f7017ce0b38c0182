import { SignalError } from "../error.ts";
import {
  type AuthenticatedChat,
  ErrorCode,
  isLibraryError,
  type PlaintextContent,
  ProtocolAddress,
  type ServiceId,
} from "../libsignal.ts";
import { type LinkedAccount, ownIdentity } from "../store/account.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import { type ProtocolStores, protocolStores } from "../store/protocol-stores.ts";
import { connectionFailure } from "../transport/failure.ts";
import { encryptForDevices, startSessions } from "./encrypt.ts";

/** Rounds of learning which devices somebody has: each may change while it is asked. */
const MAX_ROUNDS = 4;

/** What sending needs. Never two at a time for one account, nor beside receiving: they share the ratchets. */
export interface SendContext {
  readonly file: AccountFile;
  readonly account: LinkedAccount;
  readonly chat: AuthenticatedChat;
  readonly now: () => Date;
}

/**
 * Encrypts a content for every device of somebody and sends it. The ratchets are durable before the bytes leave.
 *
 * @param timestamp names the message, milliseconds since 1970; sending again under it is the same message
 * @throws {SignalError} `unregistered`, `challenge`, `rate-limited`; `unavailable`: it may have been sent
 */
export async function sendTo(
  context: SendContext,
  to: ServiceId,
  content: Uint8Array | PlaintextContent,
  timestamp: number,
): Promise<void> {
  const { file, account, chat, now } = context;
  const toSelf = to.getServiceIdString() === account.aci;
  const own = ProtocolAddress.new(account.aci, account.deviceId);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const changes = new Changes(file);
    const stores = storesOf(account, changes, now().getTime());
    if (stores.sessions.devicesOf(to.getServiceIdString()).length === 0)
      await startSessions(chat, to, "*", own, stores);
    const contents = await encryptForDevices(content, to, own, stores);
    file.commit(changes, now().getTime());
    try {
      if (toSelf) await chat.sendSyncMessage({ timestamp, contents, urgent: false });
      else await chat.sendMessage({ destination: to, timestamp, contents, onlineOnly: false, urgent: true });
      return;
    } catch (cause) {
      if (!isLibraryError(cause, ErrorCode.MismatchedDevices)) throw sendFailure(cause);
      await followDevices(context, to, cause.entries);
    }
  }
  throw new SignalError("unavailable", "the recipient's devices keep changing: try again");
}

function storesOf(account: LinkedAccount, changes: Changes, at: number): ProtocolStores {
  const identity = ownIdentity(account, "aci");
  if (!identity) throw new SignalError("account-unreadable", "an account has no identity");
  return protocolStores(changes, identity, (sender) => {
    changes.entries.push({ what: "identity", sender, receivedAt: at });
  });
}

async function followDevices(
  { file, account, chat, now }: SendContext,
  to: ServiceId,
  entries: readonly { missingDevices: number[]; extraDevices: number[]; staleDevices: number[] }[],
): Promise<void> {
  const own = ProtocolAddress.new(account.aci, account.deviceId);
  const changes = new Changes(file);
  const stores = storesOf(account, changes, now().getTime());
  for (const { missingDevices, extraDevices, staleDevices } of entries) {
    for (const id of extraDevices) stores.sessions.removeDevice(ProtocolAddress.new(to, id));
    for (const id of staleDevices) {
      const address = ProtocolAddress.new(to, id);
      const session = await stores.sessions.getSession(address);
      session?.archiveCurrentState();
      if (session) await stores.sessions.saveSession(address, session);
    }
    for (const id of [...missingDevices, ...staleDevices]) await startSessions(chat, to, id, own, stores);
  }
  file.commit(changes, now().getTime());
}

function sendFailure(cause: unknown): SignalError {
  const is = (code: ErrorCode) => isLibraryError(cause, code);
  if (is(ErrorCode.ServiceIdNotFound))
    return new SignalError("unregistered", "the recipient is not on Signal any more", { cause });
  if (is(ErrorCode.RateLimitChallengeError)) {
    const why =
      "Signal wants proof that a person is sending: open Signal on the phone and send a message there";
    return new SignalError("challenge", why, { cause });
  }
  return connectionFailure(cause);
}
