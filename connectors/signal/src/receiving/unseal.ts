import { SignalError } from "../error.ts";
import {
  CiphertextMessageType,
  groupDecrypt,
  PlaintextContent,
  plain,
  PreKeySignalMessage,
  ProtocolAddress,
  PublicKey,
  sealedSenderDecryptToUsmc,
  signalDecrypt,
  signalDecryptPreKey,
  SignalMessage,
} from "../libsignal.ts";
import { type Envelope, Envelope_Type } from "../protocol/gen/envelope_pb.ts";
import { unpad } from "../protocol/padding.ts";
import { readServiceId, serviceIdText } from "../protocol/service-id.ts";
import type { ProtocolStores } from "../store/protocol-stores.ts";
import { isTrusted } from "./certificates.ts";
import { timestampIn } from "./envelope.ts";

/** What decrypting needs of one of an account's identities. */
export interface Recipient {
  /** This device under that identity. */
  readonly address: ProtocolAddress;
  readonly stores: ProtocolStores;
}

/** One decrypted envelope. */
export interface Unsealed {
  readonly sender: string;
  readonly device: number;
  /** The sender's clock, milliseconds: names the message. */
  readonly timestamp: number;
  readonly serverAt: number | undefined;
  readonly toNumber: boolean;
  readonly content: Uint8Array<ArrayBuffer>;
  /** It made a new session, which may open what waited. */
  readonly newSession: boolean;
  /** It was not encrypted at all, as only word of a failed decryption may be. */
  readonly plaintext: boolean;
}

/** A ciphertext and its kind: what a sender is asked to send again by. */
export interface Original {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: CiphertextMessageType;
}

/** Why an envelope stays closed, with whatever is known of it. */
export class Undecryptable extends Error {
  override readonly name = "Undecryptable";
  readonly from: {
    readonly sender?: string;
    readonly device?: number;
    readonly timestamp?: number;
    /** Identifier of the group, base64, where the seal names one. */
    readonly group?: string;
  };
  /** Where asking the sender may help. */
  readonly original: Original | undefined;
  override readonly cause: unknown;

  constructor(why: string, from: Undecryptable["from"], cause?: unknown, original?: Original) {
    super(why);
    this.from = from;
    this.cause = cause;
    this.original = original;
  }
}

interface Letter {
  readonly from: ProtocolAddress;
  readonly original: Original;
  readonly group?: Uint8Array;
}

const CIPHERTEXTS: readonly CiphertextMessageType[] = [
  CiphertextMessageType.Whisper,
  CiphertextMessageType.PreKey,
  CiphertextMessageType.SenderKey,
  CiphertextMessageType.Plaintext,
];

const KINDS: Partial<Record<Envelope_Type, CiphertextMessageType>> = {
  [Envelope_Type.DOUBLE_RATCHET]: CiphertextMessageType.Whisper,
  [Envelope_Type.PREKEY_MESSAGE]: CiphertextMessageType.PreKey,
  [Envelope_Type.PLAINTEXT_CONTENT]: CiphertextMessageType.Plaintext,
};

/**
 * Decrypts an envelope. The stores are written to: keep what they wrote only together with the result.
 *
 * @param recipientFor the account's identity that an envelope names, if it has one
 * @throws {Undecryptable}
 */
export async function unseal(
  envelope: Envelope,
  recipientFor: (toNumber: boolean) => Recipient | undefined,
  trustRoots: readonly PublicKey[],
): Promise<Unsealed> {
  const timestamp = timestampIn(envelope.clientTimestamp);
  const destination = serviceIdText(envelope.destinationServiceIdBinary, envelope.destinationServiceId);
  const toNumber = destination?.startsWith("PNI:") ?? false;
  const recipient = recipientFor(toNumber);
  if (!recipient)
    throw new Undecryptable("it is for an identity that this account does not have", { timestamp });
  const letter = await letterOf(envelope, recipient, trustRoots, timestamp, toNumber);
  const { from, original, group } = letter;
  const known = { sender: from.name(), device: from.deviceId(), timestamp };
  try {
    return {
      ...known,
      serverAt: envelope.serverTimestamp === undefined ? undefined : timestampIn(envelope.serverTimestamp),
      toNumber,
      content: unpad(await open(original, from, recipient)),
      newSession: original.type === CiphertextMessageType.PreKey,
      plaintext: original.type === CiphertextMessageType.Plaintext,
    };
  } catch (cause) {
    const again = original.type === CiphertextMessageType.Plaintext ? undefined : original;
    const where = group && { group: Buffer.from(group).toString("base64") };
    throw new Undecryptable("its key is not here", { ...known, ...where }, cause, again);
  }
}

async function letterOf(
  envelope: Envelope,
  recipient: Recipient,
  trustRoots: readonly PublicKey[],
  timestamp: number,
  toNumber: boolean,
): Promise<Letter> {
  const content = plain(envelope.content ?? new Uint8Array());
  if (envelope.type === Envelope_Type.UNIDENTIFIED_SENDER) {
    if (toNumber) throw new Undecryptable("a sealed message came for a phone number", { timestamp });
    return sealedLetter(content, recipient, trustRoots, envelope);
  }
  const type = KINDS[envelope.type];
  const sender = readServiceId(envelope.sourceServiceIdBinary, envelope.sourceServiceId);
  if (type === undefined || !sender || envelope.sourceDeviceId === undefined)
    throw new Undecryptable("it is of a kind that this version does not know", { timestamp });
  return {
    from: ProtocolAddress.new(sender, envelope.sourceDeviceId),
    original: { bytes: content, type },
  };
}

/** The sender's certificate is checked before anything else of what it vouches for is believed. */
async function sealedLetter(
  content: Uint8Array<ArrayBuffer>,
  { stores }: Recipient,
  trustRoots: readonly PublicKey[],
  envelope: Envelope,
): Promise<Letter> {
  const timestamp = timestampIn(envelope.clientTimestamp);
  let usmc;
  try {
    usmc = await sealedSenderDecryptToUsmc(content, stores.identities);
  } catch (cause) {
    throw new Undecryptable("its seal does not open", { timestamp }, cause);
  }
  const certificate = usmc.senderCertificate();
  const [sender, device] = [certificate.senderUuid(), certificate.senderDeviceId()];
  const at = timestampIn(envelope.serverTimestamp ?? envelope.clientTimestamp);
  if (!isTrusted(certificate, trustRoots, at))
    throw new Undecryptable("its sender's certificate is not Signal's", { timestamp });
  const group = usmc.groupId();
  return {
    ...(group && { group }),
    from: ProtocolAddress.new(sender, device),
    original: { bytes: usmc.contents(), type: kindOf(usmc.msgType()) },
  };
}

async function open(
  { bytes, type }: Original,
  from: ProtocolAddress,
  { address, stores }: Recipient,
): Promise<Uint8Array<ArrayBuffer>> {
  const { sessions, identities, preKeys, signedPreKeys, kyberPreKeys, senderKeys } = stores;
  switch (type) {
    case CiphertextMessageType.Whisper:
      return signalDecrypt(SignalMessage.deserialize(bytes), from, address, sessions, identities);
    case CiphertextMessageType.PreKey: {
      const message = PreKeySignalMessage.deserialize(bytes);
      return signalDecryptPreKey(
        message,
        from,
        address,
        sessions,
        identities,
        preKeys,
        signedPreKeys,
        kyberPreKeys,
      );
    }
    case CiphertextMessageType.SenderKey:
      return groupDecrypt(from, senderKeys, bytes);
    case CiphertextMessageType.Plaintext:
      return PlaintextContent.deserialize(bytes).body();
    default:
      throw new SignalError("malformed", "a ciphertext is of a kind that this version does not know");
  }
}

/** @throws {Undecryptable} for a kind that no version has had */
function kindOf(value: number): CiphertextMessageType {
  const kind = CIPHERTEXTS.find((one: number) => one === value);
  if (kind === undefined) throw new Undecryptable("it is of a kind that this version does not know", {});
  return kind;
}
