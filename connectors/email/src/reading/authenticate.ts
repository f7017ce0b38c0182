import { authenticate } from "mailauth";
import { readHeaderBlock, repeatedFields } from "./header-block.ts";
import type { Authenticity, DnsAnswer, Resolve, SignatureResult } from "./reading.ts";

/** Each costs a look-up and a check: more are a burden that somebody means to be one. */
const MAX_SIGNATURES = 10;
/** A DNS answer that holds no key is of no use, however long it is. Characters. */
const MAX_DNS_CHARACTERS = 16 * 1024;

/**
 * Checks DKIM and ARC (RFC 6376, RFC 8617) of a message whose way here is unknown: neither SPF nor its Received lines
 * are believed. A pass is about the signed headers and body up to canonicalisation, never about these very bytes.
 */
export async function checkSignatures(message: Uint8Array, resolve: Resolve): Promise<Authenticity> {
  const block = readHeaderBlock(message);
  const count = (name: string) => block.fields.filter((field) => field.name === name).length;
  const signatures = count("dkim-signature");
  const seals = count("arc-seal");
  if (signatures + seals === 0) return { signatures: [], dns: [] };
  if (!block.isWhole) return { signatures: [], dns: [], unchecked: "its header is larger than is read" };
  if (signatures > MAX_SIGNATURES || seals > MAX_SIGNATURES)
    return { signatures: [], dns: [], unchecked: `it has more than ${MAX_SIGNATURES} signatures` };
  const dns = new Map<string, DnsAnswer>();
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const { dkim, arc } = await authenticate(bytes, {
    trustReceived: false,
    disableDmarc: true,
    disableBimi: true,
    disableArc: seals === 0,
    resolver: recording(resolve, dns),
  });
  const isOneFrom = !repeatedFields(block).includes("from") && count("from") === 1;
  const results: SignatureResult[] = dkim.results
    .filter(({ signingDomain }) => signingDomain !== undefined)
    .map((one) => ({
      kind: "dkim" as const,
      result: one.status.result,
      ...(one.signingDomain !== undefined && { domain: one.signingDomain.slice(0, 255) }),
      ...(one.selector !== undefined && { selector: one.selector.slice(0, 255) }),
      ...(one.algo !== undefined && { algorithm: one.algo.slice(0, 64) }),
      ...(one.modulusLength !== undefined && { keyBits: one.modulusLength }),
      ...(one.signingHeaders && { signedHeaders: one.signingHeaders.keys.slice(0, 1_024) }),
      aligned: isOneFrom && Boolean(one.status.aligned),
      doubts: doubtsOf(one, isOneFrom),
    }));
  if (seals > 0 && arc) results.push({ kind: "arc", result: arc.status.result, doubts: [] });
  return { signatures: results, dns: [...dns.values()] };
}

function doubtsOf(
  one: { readonly canonBodyLengthLimited?: boolean; readonly modulusLength?: number } & {
    readonly signingHeaders?: { readonly keys: string };
    readonly signatureTimeValid?: boolean;
  },
  isOneFrom: boolean,
): string[] {
  const signed = (one.signingHeaders?.keys ?? "").toLowerCase().split(/[\s:]+/);
  return [
    ...(one.canonBodyLengthLimited ? ["only the beginning of the body is signed"] : []),
    ...(signed.includes("subject") ? [] : ["the subject is not signed"]),
    ...(signed.includes("date") ? [] : ["the date is not signed"]),
    ...(one.modulusLength !== undefined && one.modulusLength < 1_024
      ? ["the key is shorter than 1,024 bits"]
      : []),
    ...(one.signatureTimeValid === false ? ["the signature has expired, or is not yet valid"] : []),
    ...(isOneFrom ? [] : ["From does not stand there exactly once"]),
  ];
}

/** A resolver that keeps every answer. */
function recording(resolve: Resolve, dns: Map<string, DnsAnswer>): Resolve {
  return async (name, type) => {
    try {
      const found = await resolve(name, type);
      const records = found.map((one) => (Array.isArray(one) ? one.join("") : one));
      if (records.reduce((sum, { length }) => sum + length, 0) > MAX_DNS_CHARACTERS)
        throw Object.assign(new Error("the answer is too long"), { code: "ETOOLONG" });
      dns.set(`${type} ${name}`, { name, type, records });
      return found;
    } catch (error) {
      const code = (error as { code?: unknown }).code;
      dns.set(`${type} ${name}`, {
        name,
        type,
        records: [],
        failed: typeof code === "string" ? code : "EUNKNOWN",
      });
      throw error;
    }
  };
}
