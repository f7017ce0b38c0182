import type { X509Certificate } from "node:crypto";
import { ArchiveError } from "@daybook/archive-core";
import { BasicConstraints, Certificate } from "pkijs";
import type { Stamp } from "./stamp.ts";
import { readCertificate } from "./token.ts";

const MAX_PEM_BYTES = 1024 * 1024;
const MAX_TRUSTED = 64;
const MAX_CHAIN = 8;
/** A hostile stamp could make its certificates lead to each other in ever more ways. */
const MAX_STEPS = 128;
const BASIC_CONSTRAINTS = "2.5.29.19";
const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
const ANY_USAGE = "2.5.29.37.0";
/** Critical extensions that are judged here or by OpenSSL: basic constraints, key usage, extended key usage. */
const JUDGED = new Set([BASIC_CONSTRAINTS, "2.5.29.15", "2.5.29.37"]);

/** Certificates that are trusted. */
export type CertificateSet = readonly X509Certificate[];

/** Reads the certificates of a PEM file, in its order. @throws {ArchiveError} `malformed` when there is none */
export function readCertificates(pem: string): CertificateSet {
  const blocks =
    pem.length > MAX_PEM_BYTES
      ? null
      : pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (!blocks || blocks.length > MAX_TRUSTED)
    throw new ArchiveError("malformed", `not a PEM file of 1 to ${MAX_TRUSTED} certificates`);
  try {
    return blocks.map(readCertificate);
  } catch (cause) {
    throw new ArchiveError("malformed", "a certificate of the PEM file cannot be read", { cause });
  }
}

/**
 * Whether a stamp's certificate leads to a trusted one, every certificate on the way having been valid when it was
 * stamped. Revocation is not asked for: it takes a network. A critical extension that is not judged here ends a way.
 *
 * @see RFC 5280 section 6.1
 */
export function leadsTo({ certificate, certificates, at }: Stamp, trusted: CertificateSet): boolean {
  let steps = 0;
  const climb = (from: X509Certificate, way: readonly X509Certificate[]): boolean => {
    if (!isFit(from, at)) return false;
    if (trusted.some(({ raw }) => raw.equals(from.raw))) return true;
    if (way.length >= MAX_CHAIN) return false;
    return [...trusted, ...certificates].some((issuer) => {
      steps += 1;
      return (
        steps <= MAX_STEPS &&
        !way.some(({ raw }) => raw.equals(issuer.raw)) &&
        mayIssue(issuer, way.length - 1) &&
        isIssuedBy(from, issuer) &&
        climb(issuer, [...way, issuer])
      );
    });
  };
  return climb(certificate, [certificate]);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    // A key of a kind that OpenSSL does not know.
    return false;
  }
}

function isFit(certificate: X509Certificate, at: Date): boolean {
  const { extensions = [] } = parsed(certificate);
  return (
    certificate.validFromDate <= at &&
    certificate.validToDate >= at &&
    extensions.every(({ critical, extnID }) => !critical || JUDGED.has(extnID))
  );
}

/** @param below authorities between it and the stamp's certificate */
function mayIssue(issuer: X509Certificate, below: number): boolean {
  const { extensions = [] } = parsed(issuer);
  const constraints: unknown = extensions.find(({ extnID }) => extnID === BASIC_CONSTRAINTS)?.parsedValue;
  const limit = constraints instanceof BasicConstraints ? constraints.pathLenConstraint : undefined;
  const uses = issuer.keyUsage as string[] | undefined;
  return (
    issuer.ca &&
    (uses === undefined || uses.includes(TIME_STAMPING) || uses.includes(ANY_USAGE)) &&
    (limit === undefined || below <= Number(limit))
  );
}

function parsed({ raw }: X509Certificate): Certificate {
  return Certificate.fromBER(new Uint8Array(raw));
}
