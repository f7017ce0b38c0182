import { SignalError } from "../error.ts";
import {
  Aci,
  type AuthenticatedChat,
  ErrorCode,
  isLibraryError,
  PlaintextContent,
  ProtocolAddress,
  type ServiceId,
  type UnauthenticatedChat,
} from "../libsignal.ts";
import { type LinkedAccount, ownIdentity } from "../store/account.ts";
import type { AccountFile } from "../store/account-file.ts";
import { Changes } from "../store/changes.ts";
import { newIdentitySince, noteNewIdentity } from "../store/identity-changes.ts";
import { type ProtocolStores, protocolStores } from "../store/protocol-stores.ts";
import { connectionFailure } from "../transport/failure.ts";
import { type Encrypted, encryptForDevices, hasSession, startSessions } from "./encrypt.ts";
import { accessKeyFor, seal, senderCertificate } from "./sealed.ts";

/** Rounds of learning which devices somebody has: each may change while it is asked. */
export const MAX_ROUNDS = 4;

/** What sending needs. Never two at a time for one account, nor beside receiving: they share the ratchets. */
export interface SendContext {
  readonly file: AccountFile;
  readonly account: LinkedAccount;
  readonly chat: AuthenticatedChat;
  /** A connection on which nobody says who they are. Rejects with {SignalError}. */
  readonly unauthenticated: () => Promise<UnauthenticatedChat>;
  readonly now: () => Date;
}

/**
 * Encrypts a content for every device of somebody and sends it: sealed, where their profile key is known. The ratchets are
 * durable before the bytes leave. To somebody whose new safety number nobody has confirmed, nothing is sent but word of a
 * failed decryption.
 *
 * @param timestamp names the message, milliseconds since 1970; sending again under it is the same message
 * @throws {SignalError} `identity-changed`, `unregistered`, `challenge`, `rate-limited`; `unavailable`: it may have been sent
 */
export async function sendTo(
  context: SendContext,
  to: ServiceId,
  content: Uint8Array | PlaintextContent,
  timestamp: number,
): Promise<void> {
  const { file, account, chat, now } = context;
  const own = ProtocolAddress.new(account.aci, account.deviceId);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const changes = new Changes(file);
    const stores = storesOf(account, changes, now().getTime());
    if (!(await hasSession(to, stores))) await startSessions(chat, to, "*", own, stores);
    if (!(content instanceof PlaintextContent)) refuseNewIdentity(changes, to, context);
    const send = await sealer(context, to, content, stores);
    const contents = await encryptForDevices(content, to, own, stores);
    file.commit(changes, now().getTime());
    try {
      await send(contents, timestamp);
      return;
    } catch (cause) {
      if (!isLibraryError(cause, ErrorCode.MismatchedDevices)) throw sendFailure(cause);
      await followDevices(context, to, cause.entries);
    }
  }
  throw new SignalError("unavailable", "the recipient's devices keep changing: try again");
}

/** That it changed is kept, whatever becomes of the message. */
function refuseNewIdentity(changes: Changes, to: ServiceId, { file, now }: SendContext): void {
  const since = newIdentitySince(changes, to.getServiceIdString());
  if (since === undefined) return;
  file.commit(changes, now().getTime());
  const when = `${new Date(since).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  throw new SignalError(
    "identity-changed",
    `the other person has a new safety number since ${when}: confirm it with them, then send again and say so (--new-identity-confirmed)`,
  );
}

/** How to send to somebody: under a seal if that can be, else in the open, and so too if they take no sealed messages. */
async function sealer(
  context: SendContext,
  to: ServiceId,
  content: Uint8Array | PlaintextContent,
  { identities }: ProtocolStores,
): Promise<(contents: readonly Encrypted[], timestamp: number) => Promise<void>> {
  const { account, chat, file, unauthenticated } = context;
  if (to.getServiceIdString() === account.aci)
    return (contents, timestamp) => chat.sendSyncMessage({ timestamp, contents, urgent: false });
  const base = { destination: to, onlineOnly: false, urgent: true };
  const openly = (contents: readonly Encrypted[], timestamp: number) =>
    chat.sendMessage({ ...base, timestamp, contents });
  const accessKey = accessKeyFor(file, to);
  if (!accessKey || !(to instanceof Aci) || content instanceof PlaintextContent) return openly;
  const certificate = await senderCertificate(context);
  const sealed = await unauthenticated();
  return async (contents, timestamp) => {
    const copies = await seal(contents, to, certificate, identities);
    try {
      await sealed.sendMessage({ ...base, timestamp, contents: copies, auth: { accessKey } });
    } catch (cause) {
      if (!isLibraryError(cause, ErrorCode.RequestUnauthorized)) throw cause;
      await openly(contents, timestamp);
    }
  };
}

/** The stores of what the account sends, over `changes`. */
export function storesOf(account: LinkedAccount, changes: Changes, at: number): ProtocolStores {
  const identity = ownIdentity(account, "aci");
  if (!identity) throw new SignalError("account-unreadable", "an account has no identity");
  return protocolStores(changes, identity, (sender) => {
    noteNewIdentity(changes, sender, at);
  });
}

/**
 * Learns which devices somebody has, as the server tells it. Durable once it resolves.
 *
 * @throws {SignalError} as `startSessions`
 */
export async function followDevices(
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

/** What the library says of a message that was not taken. */
export function sendFailure(cause: unknown): SignalError {
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
