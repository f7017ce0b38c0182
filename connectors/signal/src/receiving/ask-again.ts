import { SignalError } from "../error.ts";
import { DecryptionErrorMessage, PlaintextContent, ProtocolAddress, type PublicKey } from "../libsignal.ts";
import { readServiceId } from "../protocol/service-id.ts";
import { sendTo, type SendContext } from "../sending/send.ts";
import { ownIdentity } from "../store/account.ts";
import { Changes } from "../store/changes.ts";
import { protocolStores } from "../store/protocol-stores.ts";
import { decodeEnvelope } from "./envelope.ts";
import { Undecryptable, unseal } from "./unseal.ts";

/**
 * Asks the senders of what is quarantined to send it again, once each. Those who cannot be asked are let be. Where Signal
 * does not answer, the rest is asked at the next occasion.
 *
 * @throws {SignalError} retryable
 */
export async function askAgain(context: SendContext, trustRoots: readonly PublicKey[]): Promise<void> {
  const { file } = context;
  for (const { digest, envelope } of file.quarantinedUnasked()) {
    await askOne(context, envelope, trustRoots);
    file.markAsked(digest);
  }
}

async function askOne(
  context: SendContext,
  raw: Uint8Array,
  trustRoots: readonly PublicKey[],
): Promise<void> {
  const { file, account } = context;
  const identity = ownIdentity(account, "aci");
  if (!identity) return;
  // Nothing of this is kept: it is done over to learn what to ask for.
  const stores = protocolStores(new Changes(file), identity, () => undefined);
  const address = ProtocolAddress.new(account.aci, account.deviceId);
  const failure = await (async () => {
    try {
      await unseal(
        decodeEnvelope(raw),
        (toNumber) => (toNumber ? undefined : { address, stores }),
        trustRoots,
      );
      return undefined;
    } catch (cause) {
      return cause instanceof Undecryptable ? cause : undefined;
    }
  })();
  const { sender, device, timestamp } = failure?.from ?? {};
  const to = readServiceId(undefined, sender);
  if (!failure?.original || !to || device === undefined || timestamp === undefined) return;
  const { bytes, type } = failure.original;
  const message = DecryptionErrorMessage.forOriginal(bytes, type, timestamp, device);
  try {
    await sendTo(context, to, PlaintextContent.from(message), context.now().getTime());
  } catch (cause) {
    if (cause instanceof SignalError && !cause.retryable) return;
    throw cause;
  }
}
