import { KEMKeyPair, KyberPreKeyRecord, PreKeyRecord, PrivateKey, SignedPreKeyRecord } from "../libsignal.ts";
import type { Values } from "../store/changes.ts";
import { type IdentityKind, preKeyName } from "../store/protocol-stores.ts";

/** Uploaded at a time; the server is asked to hold at least a tenth. */
export const ONE_TIME_KEYS = 100;
/** Numbers are of 24 bits at the server. */
const MAX_KEY_ID = 0xff_ff_ff;

/** The number of a key at its place in the order in which an account's keys are made. */
export function keyIdAt(place: number): number {
  return ((place - 1) % MAX_KEY_ID) + 1;
}

/** A prekey as the server takes it. */
export interface PublicPreKey {
  readonly keyId: number;
  readonly publicKey: string;
}
export interface SignedPublicPreKey extends PublicPreKey {
  readonly signature: string;
}

/** Makes prekeys of one identity and puts their private halves into `values`: commit those before uploading these. */
export class PreKeyMaker {
  readonly #values: Values;
  readonly #kind: IdentityKind;
  readonly #identity: PrivateKey;
  readonly #nextId: () => number;
  readonly #now: number;

  constructor(of: {
    readonly values: Values;
    readonly kind: IdentityKind;
    readonly identity: PrivateKey;
    /** Gives a number that no key of this account has had. */
    readonly nextId: () => number;
    readonly now: number;
  }) {
    this.#values = of.values;
    this.#kind = of.kind;
    this.#identity = of.identity;
    this.#nextId = of.nextId;
    this.#now = of.now;
  }

  signed(): SignedPublicPreKey {
    const id = this.#id();
    const key = PrivateKey.generate();
    const publicKey = key.getPublicKey();
    const signature = this.#identity.sign(publicKey.serialize());
    const record = SignedPreKeyRecord.new(id, this.#now, publicKey, key, signature);
    this.#values.set("signed-prekey", preKeyName(this.#kind, id), record.serialize());
    return { keyId: id, publicKey: base64(publicKey.serialize()), signature: base64(signature) };
  }

  /** Used when all one-time keys are gone, and never used up. */
  lastResort(): SignedPublicPreKey {
    const key = this.#kyber();
    this.#values.set("kyber-used", preKeyName(this.#kind, key.keyId), Buffer.from("last-resort"));
    return key;
  }

  oneTime(count = ONE_TIME_KEYS): { preKeys: PublicPreKey[]; pqPreKeys: SignedPublicPreKey[] } {
    const preKeys = Array.from({ length: count }, () => {
      const id = this.#id();
      const key = PrivateKey.generate();
      const record = PreKeyRecord.new(id, key.getPublicKey(), key);
      this.#values.set("prekey", preKeyName(this.#kind, id), record.serialize());
      return { keyId: id, publicKey: base64(key.getPublicKey().serialize()) };
    });
    return { preKeys, pqPreKeys: Array.from({ length: count }, () => this.#kyber()) };
  }

  #kyber(): SignedPublicPreKey {
    const id = this.#id();
    const pair = KEMKeyPair.generate();
    const publicKey = pair.getPublicKey().serialize();
    const signature = this.#identity.sign(publicKey);
    const record = KyberPreKeyRecord.new(id, this.#now, pair, signature);
    this.#values.set("kyber-prekey", preKeyName(this.#kind, id), record.serialize());
    return { keyId: id, publicKey: base64(publicKey), signature: base64(signature) };
  }

  #id(): number {
    return keyIdAt(this.#nextId());
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
