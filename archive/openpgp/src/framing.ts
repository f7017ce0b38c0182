// The few pieces of RFC 4880 that packets and streams share. RFC 9580 leaves all of them as they are.

/** Symmetrically encrypted integrity protected data, new packet format (RFC 4880 section 5.13). */
export const SEALED_TAG = 0xd2;
/** Literal data, new packet format (section 5.9). */
export const LITERAL_TAG = 0xcb;
/** Public-key and symmetric-key encrypted session keys, new packet format (sections 5.1 and 5.3). */
export const WRAPPED_TAGS: ReadonlySet<number> = new Set([0xc1, 0xc3]);

/** The only version that every GnuPG reads. */
export const SEALED_VERSION = 1;

export const CIPHER = "aes-256-cfb";
/** The random prefix takes the place of an initialisation vector (section 5.13). */
export const NO_IV = Buffer.alloc(16);
/** Random octets in front of the plaintext; the last two are repeated. */
export const PREFIX_BYTES = 18;

/** Binary, no name, no date: what follows is exactly the content. */
export const LITERAL_HEAD = Buffer.from([0x62, 0, 0, 0, 0, 0]);

/** Header of the modification detection code packet (section 5.14); 20 octets of SHA-1 follow. */
export const MDC_HEAD = Buffer.from([0xd3, 0x14]);
export const MDC_DIGEST_BYTES = 20;
export const MDC_BYTES = MDC_HEAD.length + MDC_DIGEST_BYTES;

const ONE_OCTET_BELOW = 192;
const TWO_OCTETS_BELOW = 8_384;

/** Octets that a definite length takes. */
export function lengthSize(length: number): 1 | 2 | 5 {
  if (length < ONE_OCTET_BELOW) return 1;
  return length < TWO_OCTETS_BELOW ? 2 : 5;
}

/** Writes a definite length (section 4.2.2). @returns the offset behind it */
export function writeLength(target: Buffer, length: number, offset: number): number {
  if (length < ONE_OCTET_BELOW) return target.writeUInt8(length, offset);
  if (length < TWO_OCTETS_BELOW) {
    const rest = length - ONE_OCTET_BELOW;
    target.writeUInt8(ONE_OCTET_BELOW + (rest >> 8), offset);
    return target.writeUInt8(rest & 0xff, offset + 1);
  }
  target.writeUInt8(0xff, offset);
  return target.writeUInt32BE(length, offset + 1);
}

/** How a length begins: what its first octet says by itself, or how many more octets it needs. */
export type LengthStart =
  | { kind: "definite"; length: number }
  | { kind: "partial"; length: number }
  | { kind: "longer"; octets: 1 | 4 };

export function lengthStart(first: number): LengthStart {
  if (first < ONE_OCTET_BELOW) return { kind: "definite", length: first };
  if (first < 224) return { kind: "longer", octets: 1 };
  if (first < 255) return { kind: "partial", length: 2 ** (first & 0x1f) };
  return { kind: "longer", octets: 4 };
}

/** The definite length whose first octet is `first` and whose others are `rest`. */
export function longerLength(first: number, rest: Buffer): number {
  return rest.length === 1
    ? ((first - ONE_OCTET_BELOW) << 8) + rest.readUInt8(0) + ONE_OCTET_BELOW
    : rest.readUInt32BE(0);
}
