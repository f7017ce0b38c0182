import { constants, hash, timingSafeEqual, verify, type X509Certificate } from "node:crypto";
import { ArchiveError } from "@daybook/archive-core";
import { type BaseBlock, ObjectIdentifier, OctetString, Sequence } from "asn1js";
import { type Attribute, Certificate, IssuerAndSerialNumber } from "pkijs";
import { SHA256 } from "./query.ts";
import { children, readToken, type Token, TST_INFO } from "./token.ts";

const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
const RSA_PSS = "1.2.840.113549.1.1.10";
const MIN_RSA_BITS = 2048;

const DIGESTS: Readonly<Record<string, string>> = {
  [SHA256]: "sha256",
  "2.16.840.1.101.3.4.2.2": "sha384",
  "2.16.840.1.101.3.4.2.3": "sha512",
};
/** Of the signature algorithms that name their digest; the others take the signer's. */
const SIGNATURES: Readonly<Record<string, string | undefined>> = {
  "1.2.840.113549.1.1.1": undefined,
  [RSA_PSS]: undefined,
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
};

/** That bytes existed at a time, as an authority says. */
export interface Stamp {
  /** By the authority's clock. */
  readonly at: Date;
  /** Subject of the authority's certificate, on one line. */
  readonly authority: string;
  readonly certificate: X509Certificate;
  /** What the stamp brought along to lead from it to a root. */
  readonly certificates: readonly X509Certificate[];
}

/**
 * Checks a time-stamp, as `TimeStampResp`, of these bytes: imprint, signature, and that the signing certificate may
 * stamp and was valid then. Whether that certificate can be trusted is for `leadsTo`.
 *
 * @param nonce of the query that it has to answer
 * @throws {ArchiveError} `malformed`; `corrupt`: it is of other bytes, or not signed as it must be
 * @see RFC 3161 sections 2.3 and 2.4.2, RFC 5652 section 5.4, RFC 5035
 */
export function openStamp(reply: Uint8Array, data: Uint8Array, nonce?: Uint8Array): Stamp {
  const token = readToken(reply);
  try {
    return judge(token, data, nonce);
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    // OpenSSL throws at keys and signatures that do not fit each other.
    throw new ArchiveError("corrupt", "not a good time-stamp: its parts do not fit each other", { cause });
  }
}

function judge(token: Token, data: Uint8Array, nonce?: Uint8Array): Stamp {
  const { info, certificates } = token;
  const { hashAlgorithm, hashedMessage } = info.messageImprint;
  const isOf =
    hashAlgorithm.algorithmId === SHA256 &&
    same(hashedMessage.valueBlock.valueHexView, hash("sha256", data, "buffer"));
  if (!isOf) throw corrupt("it is a stamp of something else");
  if (nonce && !(info.nonce && same(info.nonce.valueBlock.valueHexView, nonce)))
    throw corrupt("it answers another query");
  if (info.version !== 1 || Number.isNaN(info.genTime.getTime())) throw corrupt("it names no time");
  const certificate = signingCertificate(token);
  checkSignature(token, certificate);
  checkUse(certificate, info.genTime);
  return {
    at: info.genTime,
    authority: certificate.subject.replaceAll("\n", ", "),
    certificate,
    certificates: certificates.filter((one) => one !== certificate),
  };
}

function signingCertificate({ signer, certificates }: Token): X509Certificate {
  const sid: unknown = signer.sid;
  if (!(sid instanceof IssuerAndSerialNumber))
    throw corrupt("it does not name its signer by issuer and number");
  const serial = Buffer.from(sid.serialNumber.valueBlock.valueHexView).toString("hex");
  const named = certificates.filter((one) => {
    const { issuer, serialNumber } = Certificate.fromBER(new Uint8Array(one.raw));
    const number = Buffer.from(serialNumber.valueBlock.valueHexView).toString("hex");
    return number === serial && issuer.isEqual(sid.issuer);
  });
  const [found] = named.filter((one) => isSignedFor(signer.signedAttrs?.attributes ?? [], one));
  if (!found) throw corrupt("its signer's certificate is not in it");
  return found;
}

/** Whether the signed attributes name this certificate, by its digest. RFC 5035. */
function isSignedFor(attributes: readonly Attribute[], certificate: X509Certificate): boolean {
  const v2 = attributes.filter(({ type }) => type === SIGNING_CERTIFICATE_V2);
  const v1 = attributes.filter(({ type }) => type === SIGNING_CERTIFICATE);
  if (v2.length + v1.length === 0) return false;
  return [...v2, ...v1].every(({ type, values }) => {
    const [first] = children(children((values as BaseBlock[])[0])[0]);
    const [one, two] = children(first);
    const isNamed = one instanceof Sequence;
    const algorithm = isNamed ? children(one)[0] : undefined;
    const digest = isNamed ? two : one;
    const oid = algorithm instanceof ObjectIdentifier ? algorithm.valueBlock.toString() : SHA256;
    const name = type === SIGNING_CERTIFICATE ? "sha1" : DIGESTS[oid];
    return (
      name !== undefined &&
      digest instanceof OctetString &&
      same(digest.valueBlock.valueHexView, hash(name, certificate.raw, "buffer"))
    );
  });
}

function checkSignature({ signer, content }: Token, { publicKey }: X509Certificate): void {
  const digest = DIGESTS[signer.digestAlgorithm.algorithmId];
  const algorithm = signer.signatureAlgorithm.algorithmId;
  if (digest === undefined || !(algorithm in SIGNATURES))
    throw corrupt("it is signed by an algorithm not taken");
  const attributes = signer.signedAttrs?.attributes ?? [];
  const type = only(attributes, CONTENT_TYPE);
  const imprint = only(attributes, MESSAGE_DIGEST);
  const fits =
    type instanceof ObjectIdentifier &&
    type.valueBlock.toString() === TST_INFO &&
    imprint instanceof OctetString &&
    same(imprint.valueBlock.valueHexView, hash(digest, content, "buffer"));
  if (!fits) throw corrupt("what is signed is not its time");
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS;
  if (bits < MIN_RSA_BITS) throw corrupt("it is signed by a weak key");
  const key =
    algorithm === RSA_PSS
      ? {
          key: publicKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_AUTO,
        }
      : publicKey;
  const signed = Buffer.from(signer.signedAttrs?.encodedValue ?? new ArrayBuffer(0));
  const good = verify(SIGNATURES[algorithm] ?? digest, signed, key, signer.signature.valueBlock.valueHexView);
  if (!good) throw corrupt("its signature is not good");
}

/** The one value of an attribute that has to be there once. */
function only(attributes: readonly Attribute[], wanted: string): unknown {
  const [found, ...more] = attributes.filter(({ type }) => type === wanted);
  const [value, ...others] = (found?.values ?? []) as unknown[];
  return more.length + others.length === 0 ? value : undefined;
}

/** RFC 3161 section 2.3: its one extended key usage, and critical. */
function checkUse(certificate: X509Certificate, at: Date): void {
  const { extensions = [] } = Certificate.fromBER(new Uint8Array(certificate.raw));
  const usage = extensions.find(({ extnID }) => extnID === EXTENDED_KEY_USAGE);
  const uses = certificate.keyUsage as string[] | undefined;
  if (usage?.critical !== true || uses?.length !== 1 || uses[0] !== TIME_STAMPING)
    throw corrupt("its certificate is not for time-stamping alone");
  if (certificate.validFromDate > at || certificate.validToDate < at)
    throw corrupt("its certificate was not valid at that time");
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function corrupt(why: string): ArchiveError {
  return new ArchiveError("corrupt", `not a good time-stamp: ${why}`);
}
