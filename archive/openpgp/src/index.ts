export { buildKeyBlock, formatKeyLines, type KeyLine, parseKeyLines, readKeyBlock } from "./key-block.ts";
export {
  type ArchiveKeyType,
  type GeneratedKey,
  generateArchiveKey,
  type KeyHolder,
  type PrivateKey,
  type Recipient,
  readPublicKeys,
  unlockPrivateKey,
} from "./keys.ts";
export {
  decryptStreamWithKey,
  decryptWithKey,
  encryptStreamToKeys,
  encryptToKeys,
  extractSessionKey,
  newWrappedKey,
  unwrapKey,
  wrapKey,
} from "./message.ts";
export { MAX_PACKET_PLAINTEXT, openPacket, sealPacket } from "./packet.ts";
export { openUnderPassphrase, sealUnderPassphrase } from "./passphrase.ts";
export {
  formatRecipients,
  type ListedRecipient,
  onlyKey,
  readRecipients,
  RecipientList,
} from "./recipient-list.ts";
export { formatSessionKey, newSessionKey, parseSessionKey, SessionKey } from "./session-key.ts";
export { openStream, openVerified, sealedStreamSize, sealStream } from "./stream.ts";
export {
  type OpenedRecord,
  RecordReader,
  type RecordReaderOptions,
  type SealedPlace,
  type SegmentRun,
} from "./record-reader.ts";
export { anyOf, rewrap, wrappedTo } from "./wrapped.ts";
