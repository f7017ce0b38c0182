import { X509Certificate } from "node:crypto";
import { ArchiveError } from "@daybook/archive-core";
import { type BaseBlock, Constructed, fromBER } from "asn1js";
import { Certificate, SignedData, type SignerInfo, TimeStampResp, TSTInfo } from "pkijs";
import { isDefinite } from "./definite.ts";

/** Larger than any stamp with a chain of certificates. */
export const MAX_STAMP_BYTES = 64 * 1024;
const MAX_CERTIFICATES = 16;
const SIGNED_DATA = "1.2.840.113549.1.7.2";
export const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const REASONS: Readonly<Record<number, string>> = { 2: "rejected", 3: "waiting", 4: "revocation warning" };

/** A stamp taken apart and not judged. */
export interface Token {
  readonly info: TSTInfo;
  /** DER of `info`, which is what the signed attributes have the digest of. */
  readonly content: Buffer;
  readonly signer: SignerInfo;
  readonly certificates: readonly X509Certificate[];
}

/**
 * Takes a TimeStampResp apart, bounded in size, depth and number of parts.
 *
 * @throws {ArchiveError} `malformed`: it is none, or the authority refused
 * @see RFC 3161 section 2.4.2, RFC 5652 section 5
 */
export function readToken(bytes: Uint8Array): Token {
  if (bytes.length > MAX_STAMP_BYTES) throw malformed("it is too large");
  try {
    return takeApart(bytes);
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    // The libraries throw errors of many kinds at bytes that do not fit their schemas.
    throw new ArchiveError("malformed", "not an RFC 3161 time-stamp", { cause });
  }
}

function takeApart(bytes: Uint8Array): Token {
  const response = new TimeStampResp({ schema: whole(bytes) });
  const { status } = response.status as { status: number };
  if (status !== 0 && status !== 1)
    throw malformed(`the authority refused: ${REASONS[status] ?? `status ${status}`}`);
  const token = response.timeStampToken;
  if (token?.contentType !== SIGNED_DATA) throw malformed("it holds no signed token");
  const content = token.content as BaseBlock;
  const signed = new SignedData({ schema: content });
  const { eContentType, eContent } = signed.encapContentInfo;
  if (eContentType !== TST_INFO || !eContent) throw malformed("it signs something else than a time");
  const [signer, ...more] = signed.signerInfos;
  if (!signer || more.length > 0) throw malformed("it needs one signer");
  const info = Buffer.from(eContent.getValue());
  return {
    info: new TSTInfo({ schema: whole(info) }),
    content: info,
    signer,
    certificates: certificates(content),
  };
}

/** A value that fills its bytes to the end. */
export function whole(bytes: Uint8Array): BaseBlock {
  if (!isDefinite(bytes)) throw malformed("its parts do not fit into each other");
  return fromBER(new Uint8Array(bytes)).result;
}

/** Certificates as they are in the token, byte for byte: `certificates [0] IMPLICIT` of the SignedData. */
function certificates(signedData: BaseBlock): X509Certificate[] {
  const field = children(signedData).find(({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === 0);
  const found = field ? children(field) : [];
  if (found.length > MAX_CERTIFICATES) throw malformed("it holds too many certificates");
  return found.map((one) => readCertificate(one.valueBeforeDecodeView));
}

/** A certificate that both OpenSSL and pkijs can read. */
export function readCertificate(bytes: Uint8Array | string): X509Certificate {
  const certificate = new X509Certificate(bytes);
  Certificate.fromBER(new Uint8Array(certificate.raw));
  return certificate;
}

/** Parts of a constructed value. */
export function children(block: BaseBlock | undefined): readonly BaseBlock[] {
  const { value } = (block instanceof Constructed ? block.valueBlock : {}) as {
    value?: readonly BaseBlock[];
  };
  return value ?? [];
}

function malformed(why: string): ArchiveError {
  return new ArchiveError("malformed", `not an RFC 3161 time-stamp: ${why}`);
}
