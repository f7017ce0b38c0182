// The one place that names Signal's library, so that a new version is tried out and pinned in one place. Its network
// layer changes with every release, and its typings miss what `nodenext` cannot resolve: both are put right here.
import type { ErrorCode, LibSignalError, Net } from "@signalapp/libsignal-client";

export {
  Aci,
  CiphertextMessage,
  CiphertextMessageType,
  ContentHint,
  DecryptionErrorMessage,
  Direction,
  ErrorCode,
  groupDecrypt,
  groupEncrypt,
  hkdf,
  IdentityChange,
  IdentityKeyPair,
  IdentityKeyStore,
  KEMKeyPair,
  KEMPublicKey,
  KyberPreKeyRecord,
  KyberPreKeyStore,
  Net,
  PlaintextContent,
  Pni,
  PreKeyBundle,
  PreKeyRecord,
  PreKeySignalMessage,
  PreKeyStore,
  PrivateKey,
  processPreKeyBundle,
  processSenderKeyDistributionMessage,
  ProtocolAddress,
  PublicKey,
  sealedSenderDecryptToUsmc,
  sealedSenderEncrypt,
  sealedSenderMultiRecipientEncrypt,
  SenderCertificate,
  SenderKeyDistributionMessage,
  SenderKeyMessage,
  SenderKeyRecord,
  SenderKeyStore,
  ServiceId,
  SessionRecord,
  SessionStore,
  signalDecrypt,
  signalDecryptPreKey,
  signalEncrypt,
  SignalMessage,
  SignedPreKeyRecord,
  SignedPreKeyStore,
  UnidentifiedSenderMessageContent,
} from "@signalapp/libsignal-client";
export { AccountEntropyPool, SvrKey } from "@signalapp/libsignal-client/dist/AccountKeys.js";
export * as zkgroup from "@signalapp/libsignal-client/dist/zkgroup/index.js";

export type AuthenticatedChat = Net.AuthenticatedChatConnection & Net.AuthMessagesService;
export type UnauthenticatedChat = Net.UnauthenticatedChatConnection & Net.UnauthMessagesService;

/** The pinned version of the library: told to the server, and on each record. */
export const LIBSIGNAL_VERSION = "0.103.0";

/** The bytes as the library's typings want them. They are not copied where that can be helped. */
export function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}

/** Whether it is that error of the library's: by what it carries, for its class differs where the library is loaded twice. */
export function isLibraryError<Code extends ErrorCode>(
  error: unknown,
  code: Code,
): error is Extract<LibSignalError, { code: Code }> {
  return (
    typeof error === "object" &&
    error !== null &&
    "operation" in error &&
    "code" in error &&
    error.code === code
  );
}
