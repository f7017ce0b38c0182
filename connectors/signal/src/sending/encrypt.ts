import { z } from "zod";
import { SignalError } from "../error.ts";
import {
  type CiphertextMessage,
  KEMPublicKey,
  type Net,
  plain,
  PlaintextContent,
  PreKeyBundle,
  processPreKeyBundle,
  ProtocolAddress,
  PublicKey,
  type ServiceId,
  signalEncrypt,
} from "../libsignal.ts";
import { pad } from "../protocol/padding.ts";
import type { ProtocolStores } from "../store/protocol-stores.ts";
import { rateLimited } from "../transport/failure.ts";
import { ask, parsed } from "../transport/request.ts";

const publicKey = z.object({ keyId: z.int(), publicKey: z.base64() });
const signedKey = publicKey.extend({ signature: z.base64() });
const bundles = z.object({
  identityKey: z.base64(),
  devices: z
    .array(
      z.object({
        deviceId: z.int().positive(),
        registrationId: z.int().nonnegative(),
        signedPreKey: signedKey,
        preKey: publicKey.nullish(),
        pqPreKey: signedKey,
      }),
    )
    .max(100),
});

/** One device's copy of a message. */
export interface Encrypted {
  readonly deviceId: number;
  readonly registrationId: number;
  readonly contents: CiphertextMessage;
}

/**
 * Makes sessions with devices of somebody, by prekeys that the server gives. They are in the stores then: commit them
 * before anything encrypted with them leaves.
 *
 * @param device one of them, or all
 * @throws {SignalError} `unregistered`, `rate-limited`, `unavailable`; `malformed` for keys that do not verify
 */
export async function startSessions(
  chat: Pick<Net.ChatConnection, "fetch">,
  to: ServiceId,
  device: number | "*",
  own: ProtocolAddress,
  stores: ProtocolStores,
): Promise<void> {
  const answer = await ask(chat, { verb: "GET", path: `/v2/keys/${to.getServiceIdString()}/${device}` });
  if (answer.status === 404) throw new SignalError("unregistered", "the recipient is not on Signal any more");
  if (answer.status === 429) throw rateLimited(Number(answer.headers.get("retry-after") ?? "60"));
  if (answer.status !== 200)
    throw new SignalError("unavailable", `Signal answered ${answer.status} to a request`);
  const { identityKey, devices } = parsed(answer.body, bundles);
  for (const device of devices) {
    const address = ProtocolAddress.new(to, device.deviceId);
    if (address.toString() === own.toString()) continue;
    try {
      const bundle = bundleOf(identityKey, device);
      await processPreKeyBundle(bundle, address, own, stores.sessions, stores.identities);
    } catch (cause) {
      throw new SignalError("malformed", "the recipient's keys, as Signal gives them, are not valid", {
        cause,
      });
    }
  }
}

function bundleOf(
  identityKey: string,
  { deviceId, registrationId, preKey, signedPreKey, pqPreKey }: z.infer<typeof bundles>["devices"][number],
): PreKeyBundle {
  return PreKeyBundle.new(
    registrationId,
    deviceId,
    preKey?.keyId ?? null,
    preKey ? PublicKey.deserialize(bytes(preKey.publicKey)) : null,
    signedPreKey.keyId,
    PublicKey.deserialize(bytes(signedPreKey.publicKey)),
    bytes(signedPreKey.signature),
    PublicKey.deserialize(bytes(identityKey)),
    pqPreKey.keyId,
    KEMPublicKey.deserialize(bytes(pqPreKey.publicKey)),
    bytes(pqPreKey.signature),
  );
}

/** Whether there is a session with any device of somebody that can be encrypted in: those that were ended cannot. */
export async function hasSession(to: ServiceId, { sessions }: ProtocolStores): Promise<boolean> {
  for (const deviceId of sessions.devicesOf(to.getServiceIdString())) {
    const session = await sessions.getSession(ProtocolAddress.new(to, deviceId));
    if (session?.hasCurrentState()) return true;
  }
  return false;
}

/**
 * Encrypts for every device with which there is a session, but this one. The ratchets in the stores move on. What is
 * plain by its nature, word of a failed decryption, goes to each as it is.
 */
export async function encryptForDevices(
  content: Uint8Array | PlaintextContent,
  to: ServiceId,
  own: ProtocolAddress,
  stores: ProtocolStores,
): Promise<Encrypted[]> {
  const padded = content instanceof PlaintextContent ? content : pad(content);
  const encrypted: Encrypted[] = [];
  for (const deviceId of stores.sessions.devicesOf(to.getServiceIdString())) {
    const address = ProtocolAddress.new(to, deviceId);
    if (address.toString() === own.toString()) continue;
    const session = await stores.sessions.getSession(address);
    if (!session?.hasCurrentState()) continue;
    encrypted.push({
      deviceId,
      registrationId: session.remoteRegistrationId(),
      contents:
        padded instanceof PlaintextContent
          ? padded.asCiphertextMessage()
          : await signalEncrypt(padded, address, own, stores.sessions, stores.identities),
    });
  }
  return encrypted;
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return plain(Buffer.from(base64, "base64"));
}
