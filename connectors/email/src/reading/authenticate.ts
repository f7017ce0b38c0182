import { authenticate, type ARCResult, type DKIMResult } from "mailauth";
import { type HeaderBlock, readHeaderBlock } from "./header-block.ts";
import type { Authenticity, DnsAnswer, Resolve, SignatureResult } from "./reading.ts";

/** Each costs a look-up and a check: more are a burden that somebody means to be one. */
const MAX_SIGNATURES = 10;
/** A DNS answer that holds no key is of no use, however long it is. Characters. */
const MAX_DNS_CHARACTERS = 16 * 1024;

/**
 * Checks DKIM and ARC (RFC 6376, RFC 8617) of a message whose way here is unknown: neither SPF nor its Received lines
 * are believed. A pass is about the signed headers and body up to canonicalisation, never about these very bytes.
 * Of many signatures those are checked that stand nearest to the body: an author's own server put them there first.
 */
export async function checkSignatures(message: Uint8Array, resolve: Resolve): Promise<Authenticity> {
  const block = readHeaderBlock(message);
  const count = (name: string) => block.fields.filter((field) => field.name === name).length;
  const signatures = count("dkim-signature");
  const seals = count("arc-seal");
  if (signatures + seals === 0) return { signatures: [], dns: [] };
  if (!block.isWhole) return { signatures: [], dns: [], unchecked: "its header is larger than is read" };
  const dns = new Map<string, DnsAnswer>();
  const resolver = recording(resolve, dns);
  const { dkim, arc } = await authenticate(withFewSignatures(message, block), {
    trustReceived: false,
    disableDmarc: true,
    disableBimi: true,
    disableArc: seals === 0 || seals > MAX_SIGNATURES,
    resolver,
  });
  // Whom a reader takes for the author must be one address, or none of them is vouched for.
  const isOneFrom = count("from") === 1 && dkim.headerFrom.length === 1;
  const found = dkim.results.filter(({ signingDomain }) => signingDomain !== undefined);
  const results = found.map((one) => signatureOf(one, isOneFrom));
  if (seals > 0 && seals <= MAX_SIGNATURES && arc) results.push(sealOf(arc));
  await askForKeys(results, resolver, dns);
  const unchecked = [
    ...(signatures > MAX_SIGNATURES
      ? [`it has ${signatures} signatures, of which the ${MAX_SIGNATURES} nearest to its body are checked`]
      : []),
    ...(found.length < Math.min(signatures, MAX_SIGNATURES)
      ? ["it has a signature that names no signer, or is of a kind that is not known"]
      : []),
    ...(seals > MAX_SIGNATURES ? [`it has ${seals} seals of ARC, more than are checked`] : []),
  ];
  return {
    signatures: results,
    dns: [...dns.values()],
    ...(unchecked.length > 0 && { unchecked: unchecked.join("; ") }),
  };
}

/** The message without signatures above the last ten. */
function withFewSignatures(message: Uint8Array, { fields, bodyStart }: HeaderBlock): Buffer {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const at = fields.flatMap(({ name }, i) => (name === "dkim-signature" ? [i] : []));
  const surplus = at.slice(0, Math.max(0, at.length - MAX_SIGNATURES));
  if (surplus.length === 0) return bytes;
  const kept: Buffer[] = [];
  let from = 0;
  for (const i of surplus) {
    kept.push(bytes.subarray(from, fields[i]?.start));
    from = fields[i + 1]?.start ?? bodyStart;
  }
  return Buffer.concat([...kept, bytes.subarray(from)]);
}

function signatureOf(one: DKIMResult, isOneFrom: boolean): SignatureResult {
  return {
    kind: "dkim",
    result: one.status.result,
    ...(one.signingDomain !== undefined && { domain: one.signingDomain.slice(0, 255) }),
    ...(one.selector !== undefined && { selector: one.selector.slice(0, 255) }),
    ...(one.algo !== undefined && { algorithm: one.algo.slice(0, 64) }),
    ...(one.modulusLength !== undefined && { keyBits: one.modulusLength }),
    ...(one.signingHeaders && { signedHeaders: one.signingHeaders.keys.slice(0, 1_024) }),
    aligned: isOneFrom && Boolean(one.status.aligned),
    doubts: doubtsOf(one, isOneFrom),
  };
}

/** What the last who sealed it vouches for: what they saw, and not who wrote it. */
function sealOf({ status, signature }: ARCResult): SignatureResult {
  return {
    kind: "arc",
    result: status.result,
    ...(signature && {
      ...(signature.signingDomain !== undefined && { domain: signature.signingDomain.slice(0, 255) }),
      ...(signature.selector !== undefined && { selector: signature.selector.slice(0, 255) }),
    }),
    doubts: [],
  };
}

function doubtsOf(one: DKIMResult, isOneFrom: boolean): string[] {
  const signed = (one.signingHeaders?.keys ?? "").toLowerCase().split(/[\s:]+/);
  const isWeak = one.status.policy?.["dkim-rules"] === "weak-key";
  return [
    ...(one.status.result === "neutral" && one.bodyHash !== one.bodyHashExpecting
      ? ["the body is another than was signed"]
      : []),
    ...(one.canonBodyLengthLimited ? ["only the beginning of the body is signed"] : []),
    ...(signed.includes("subject") ? [] : ["the subject is not signed"]),
    ...(signed.includes("date") ? [] : ["the date is not signed"]),
    ...(isWeak || (one.modulusLength !== undefined && one.modulusLength < 1_024)
      ? ["the key is shorter than 1,024 bits"]
      : []),
    ...(one.signatureTimeValid === false ? ["the signature has expired, or is not yet valid"] : []),
    ...(isOneFrom ? [] : ["From is not exactly one address"]),
  ];
}

/** A key is asked for even where it changes nothing now: whoever looks later may want to know what was signed. */
async function askForKeys(
  results: readonly SignatureResult[],
  resolver: Resolve,
  dns: ReadonlyMap<string, DnsAnswer>,
): Promise<void> {
  const names = results.flatMap(({ domain, selector }) =>
    domain === undefined || selector === undefined ? [] : [`${selector}._domainkey.${domain}`],
  );
  const missing = [...new Set(names)].filter((name) => !dns.has(`TXT ${name}`));
  await Promise.allSettled(missing.map((name) => resolver(name, "TXT")));
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
