import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** What an authenticator may get wrong, by intent or not. */
export interface Amiss {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly isVerified?: boolean;
  readonly counter?: number;
  readonly type?: string;
  /** Alters the signature. */
  readonly isForged?: boolean;
}

interface Options {
  readonly challenge: string;
  readonly rp?: { readonly id?: string };
  readonly rpId?: string;
}

/** No UUID of any version, as those of makers are not. */
const AAGUID = Buffer.from("01020304050607080102030405060708", "hex");

const FLAGS = { present: 0x01, verified: 0x04, attested: 0x40 };

/** An authenticator with one ES256 passkey, for tests: WebAuthn Level 3, sections 6 and 7. */
export class SoftwareAuthenticator {
  readonly #origin: string;
  readonly #id = randomBytes(32);
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  #counter = 0;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** As `navigator.credentials.create` answers, in JSON. */
  create(options: unknown, amiss: Amiss = {}) {
    const { challenge, rp } = options as Options;
    const client = this.#client("webauthn.create", challenge, amiss);
    const attested = Buffer.concat([
      AAGUID,
      Buffer.of(0, this.#id.length),
      this.#id,
      coseKey(this.#keys.publicKey),
    ]);
    const data = Buffer.concat([this.#data(amiss.rpId ?? rp?.id ?? "", FLAGS.attested, amiss), attested]);
    const attestation = map([
      [text("fmt"), text("none")],
      [text("attStmt"), map([])],
      [text("authData"), bytes(data)],
    ]);
    return {
      ...this.#credential,
      response: {
        clientDataJSON: client.toString("base64url"),
        attestationObject: attestation.toString("base64url"),
        transports: ["internal"],
      },
    };
  }

  /** As `navigator.credentials.get` answers, in JSON. */
  get(options: unknown, amiss: Amiss = {}) {
    const { challenge, rpId = "" } = options as Options;
    const client = this.#client("webauthn.get", challenge, amiss);
    const data = this.#data(amiss.rpId ?? rpId, 0, amiss);
    const signed = Buffer.concat([data, createHash("sha256").update(client).digest()]);
    const signature = sign("sha256", signed, this.#keys.privateKey);
    if (amiss.isForged)
      signature.writeUInt8(signature.readUInt8(signature.length - 1) ^ 1, signature.length - 1);
    return {
      ...this.#credential,
      response: {
        clientDataJSON: client.toString("base64url"),
        authenticatorData: data.toString("base64url"),
        signature: signature.toString("base64url"),
      },
    };
  }

  get #credential() {
    const id = this.#id.toString("base64url");
    return { id, rawId: id, type: "public-key", clientExtensionResults: {} };
  }

  #client(type: string, challenge: string, amiss: Amiss): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: amiss.type ?? type,
        challenge: amiss.challenge ?? challenge,
        origin: amiss.origin ?? this.#origin,
        crossOrigin: false,
      }),
    );
  }

  #data(rpId: string, flags: number, { isVerified = true, counter }: Amiss): Buffer {
    this.#counter += 1;
    const data = Buffer.alloc(37);
    createHash("sha256").update(rpId).digest().copy(data);
    data.writeUInt8(FLAGS.present | (isVerified ? FLAGS.verified : 0) | flags, 32);
    data.writeUInt32BE(counter ?? this.#counter, 33);
    return data;
  }
}

/** A public key as COSE has it: RFC 9053, section 7.1. */
function coseKey(key: KeyObject): Buffer {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  return map([
    [integer(1), integer(2)],
    [integer(3), integer(-7)],
    [integer(-1), integer(1)],
    [integer(-2), bytes(Buffer.from(x, "base64url"))],
    [integer(-3), bytes(Buffer.from(y, "base64url"))],
  ]);
}

// CBOR, RFC 8949: as much of it as is needed.
function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.of((major << 5) | length);
  if (length < 256) return Buffer.of((major << 5) | 24, length);
  return Buffer.of((major << 5) | 25, length >> 8, length & 255);
}
const integer = (n: number) => (n < 0 ? head(1, -1 - n) : head(0, n));
const bytes = (of: Buffer) => Buffer.concat([head(2, of.length), of]);
const text = (of: string) => Buffer.concat([head(3, Buffer.byteLength(of)), Buffer.from(of)]);
const map = (of: readonly (readonly [Buffer, Buffer])[]) => Buffer.concat([head(5, of.length), ...of.flat()]);
