import { hash, randomBytes } from "node:crypto";
import { Integer, OctetString } from "asn1js";
import { AlgorithmIdentifier, MessageImprint, TimeStampReq } from "pkijs";

export const SHA256 = "2.16.840.1.101.3.4.2.1";
const NONCE_BYTES = 8;

/** What is sent to a time-stamp authority. */
export interface TimestampQuery {
  /** DER of the TimeStampReq. */
  readonly bytes: Buffer;
  /** Which its answer has to repeat, so that no older answer can stand in. */
  readonly nonce: Buffer;
}

/**
 * Asks for a stamp of these bytes: their SHA-256 only is sent. Asks for the authority's certificate too, so that the
 * stamp can be checked when the authority is gone.
 *
 * @see RFC 3161 section 2.4.1
 */
export function timestampQuery(data: Uint8Array): TimestampQuery {
  const nonce = randomBytes(NONCE_BYTES);
  // A positive INTEGER in its shortest form: no sign bit, no zero in front.
  nonce.writeUInt8((nonce.readUInt8(0) & 0x7f) | 0x40, 0);
  const request = new TimeStampReq({
    version: 1,
    messageImprint: new MessageImprint({
      hashAlgorithm: new AlgorithmIdentifier({ algorithmId: SHA256 }),
      hashedMessage: new OctetString({ valueHex: arrayBuffer(hash("sha256", data, "buffer")) }),
    }),
    nonce: new Integer({ valueHex: arrayBuffer(nonce) }),
    certReq: true,
  });
  return { bytes: Buffer.from(request.toSchema().toBER()), nonce };
}

function arrayBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
