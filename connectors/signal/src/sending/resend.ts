import { SignalError } from "../error.ts";
import { DecryptionErrorMessage, plain, ProtocolAddress, type PublicKey } from "../libsignal.ts";
import { readServiceId } from "../protocol/service-id.ts";
import { Changes } from "../store/changes.ts";
import { dropResendRequest, readResendRequests, type ResendRequest } from "../store/resend-requests.ts";
import { takeToResend } from "../store/sent-log.ts";
import { sendTo, type SendContext, storesOf } from "./send.ts";

/**
 * Answers those who could not decrypt what this account sent: begins a new session where they name the one in use, and
 * sends again what is still known, a few times at most. Repeatable.
 *
 * @throws {SignalError} retryable: the rest is answered at the next occasion
 */
export async function answerResendRequests(context: SendContext): Promise<void> {
  const { file, now } = context;
  for (const request of readResendRequests(file)) {
    await answer(context, request);
    const changes = new Changes(file);
    dropResendRequest(changes, request);
    file.commit(changes, now().getTime());
  }
}

async function answer(context: SendContext, { sender, device, error }: ResendRequest): Promise<void> {
  const { file, account, now } = context;
  const to = readServiceId(undefined, sender);
  const asked = readError(error);
  if (!to || asked?.device !== account.deviceId) return;
  const changes = new Changes(file);
  const { sessions } = storesOf(account, changes, now().getTime());
  const address = ProtocolAddress.new(to, device);
  const session = asked.ratchetKey && (await sessions.getSession(address));
  if (session && asked.ratchetKey && session.currentRatchetKeyMatches(asked.ratchetKey)) {
    session.archiveCurrentState();
    await sessions.saveSession(address, session);
  }
  const name = { timestamp: asked.timestamp, toSelf: sender === account.aci };
  const sent = takeToResend(changes, name, { account: sender, device: address.toString() });
  file.commit(changes, now().getTime());
  if (!sent) return;
  try {
    await sendTo(context, to, Buffer.from(sent.content, "base64"), asked.timestamp);
  } catch (cause) {
    if (!(cause instanceof SignalError) || cause.retryable) throw cause;
  }
}

function readError(
  error: string,
): { device: number; timestamp: number; ratchetKey: PublicKey | undefined } | undefined {
  try {
    const message = DecryptionErrorMessage.deserialize(plain(Buffer.from(error, "base64")));
    return { device: message.deviceId(), timestamp: message.timestamp(), ratchetKey: message.ratchetKey() };
  } catch {
    // Whoever sent it decides what stands there.
    return undefined;
  }
}
