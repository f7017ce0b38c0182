/* eslint-disable @typescript-eslint/require-await -- the library asks for stores that may wait, ours never do */
import {
  type Direction,
  IdentityChange,
  IdentityKeyStore,
  KyberPreKeyRecord,
  KyberPreKeyStore,
  PreKeyRecord,
  PreKeyStore,
  type PrivateKey,
  type ProtocolAddress,
  PublicKey,
  SenderKeyRecord,
  SenderKeyStore,
  SessionRecord,
  SessionStore,
  SignedPreKeyRecord,
  SignedPreKeyStore,
} from "../libsignal.ts";
import { SignalError } from "../error.ts";
import type { Values } from "./changes.ts";

/** Which of an account's two identities: the account itself, or its phone number. */
export type IdentityKind = "aci" | "pni";

/** The keys by which an account is known under one of its identities. */
export interface OwnIdentity {
  readonly kind: IdentityKind;
  readonly privateKey: PrivateKey;
  readonly registrationId: number;
}

/** The library's six stores over an account's values: they read and write only there. */
export interface ProtocolStores {
  readonly sessions: Sessions;
  readonly identities: Identities;
  readonly preKeys: PreKeyStore;
  readonly signedPreKeys: SignedPreKeyStore;
  readonly kyberPreKeys: KyberPreKeyStore;
  readonly senderKeys: SenderKeyStore;
}

/** @param onIdentityChange told when somebody's identity key is another than before */
export function protocolStores(
  values: Values,
  own: OwnIdentity,
  onIdentityChange: (serviceId: string) => void,
): ProtocolStores {
  return {
    sessions: new Sessions(values, own.kind),
    identities: new Identities(values, own, onIdentityChange),
    preKeys: new PreKeys(values, own.kind),
    signedPreKeys: new SignedPreKeys(values, own.kind),
    kyberPreKeys: new KyberPreKeys(values, own.kind),
    senderKeys: new SenderKeys(values),
  };
}

/** Name under which a prekey is kept; `last-resort` ones are not used up. */
export function preKeyName(kind: IdentityKind, id: number): string {
  return `${kind}/${id}`;
}

export class Sessions extends SessionStore {
  readonly #values: Values;
  readonly #kind: IdentityKind;

  constructor(values: Values, kind: IdentityKind) {
    super();
    this.#values = values;
    this.#kind = kind;
  }

  async saveSession(address: ProtocolAddress, record: SessionRecord): Promise<void> {
    this.#values.set("session", this.#name(address), record.serialize());
    const devices = this.devicesOf(address.name());
    if (!devices.includes(address.deviceId()))
      this.#setDevices(address.name(), [...devices, address.deviceId()]);
  }

  async getSession(address: ProtocolAddress): Promise<SessionRecord | null> {
    const record = this.#values.get("session", this.#name(address));
    return record ? SessionRecord.deserialize(record) : null;
  }

  async getExistingSessions(addresses: ProtocolAddress[]): Promise<SessionRecord[]> {
    return Promise.all(
      addresses.map(async (address) => {
        const record = await this.getSession(address);
        if (!record) throw new SignalError("malformed", "there is no session with a device");
        return record;
      }),
    );
  }

  /** The devices of somebody with whom there is a session. */
  devicesOf(serviceId: string): number[] {
    const known = this.#values.get("devices", `${this.#kind}/${serviceId}`);
    return known ? (JSON.parse(Buffer.from(known).toString("utf8")) as number[]) : [];
  }

  removeDevice(address: ProtocolAddress): void {
    this.#values.set("session", this.#name(address), undefined);
    const left = this.devicesOf(address.name()).filter((id) => id !== address.deviceId());
    this.#setDevices(address.name(), left);
  }

  #setDevices(serviceId: string, devices: readonly number[]): void {
    this.#values.set("devices", `${this.#kind}/${serviceId}`, Buffer.from(JSON.stringify(devices)));
  }

  #name(address: ProtocolAddress): string {
    return `${this.#kind}/${address.toString()}`;
  }
}

/** Trusts every key, and tells of each change: an archive that waited for somebody to look would lose messages. */
export class Identities extends IdentityKeyStore {
  readonly #values: Values;
  readonly #own: OwnIdentity;
  readonly #onChange: (serviceId: string) => void;

  constructor(values: Values, own: OwnIdentity, onChange: (serviceId: string) => void) {
    super();
    this.#values = values;
    this.#own = own;
    this.#onChange = onChange;
  }

  async getIdentityKey(): Promise<PrivateKey> {
    return this.#own.privateKey;
  }

  async getLocalRegistrationId(): Promise<number> {
    return this.#own.registrationId;
  }

  async saveIdentity(address: ProtocolAddress, key: PublicKey): Promise<IdentityChange> {
    const known = this.#values.get("identity", address.name());
    const serialized = key.serialize();
    if (known && Buffer.compare(known, serialized) === 0) return IdentityChange.NewOrUnchanged;
    this.#values.set("identity", address.name(), serialized);
    if (!known) return IdentityChange.NewOrUnchanged;
    this.#onChange(address.name());
    return IdentityChange.ReplacedExisting;
  }

  async isTrustedIdentity(
    _address: ProtocolAddress,
    _key: PublicKey,
    _direction: Direction,
  ): Promise<boolean> {
    return true;
  }

  async getIdentity(address: ProtocolAddress): Promise<PublicKey | null> {
    const known = this.#values.get("identity", address.name());
    return known ? PublicKey.deserialize(known) : null;
  }
}

class PreKeys extends PreKeyStore {
  readonly #values: Values;
  readonly #kind: IdentityKind;

  constructor(values: Values, kind: IdentityKind) {
    super();
    this.#values = values;
    this.#kind = kind;
  }

  async savePreKey(id: number, record: PreKeyRecord): Promise<void> {
    this.#values.set("prekey", preKeyName(this.#kind, id), record.serialize());
  }

  async getPreKey(id: number): Promise<PreKeyRecord> {
    return PreKeyRecord.deserialize(found(this.#values.get("prekey", preKeyName(this.#kind, id))));
  }

  async removePreKey(id: number): Promise<void> {
    this.#values.set("prekey", preKeyName(this.#kind, id), undefined);
  }
}

class SignedPreKeys extends SignedPreKeyStore {
  readonly #values: Values;
  readonly #kind: IdentityKind;

  constructor(values: Values, kind: IdentityKind) {
    super();
    this.#values = values;
    this.#kind = kind;
  }

  async saveSignedPreKey(id: number, record: SignedPreKeyRecord): Promise<void> {
    this.#values.set("signed-prekey", preKeyName(this.#kind, id), record.serialize());
  }

  async getSignedPreKey(id: number): Promise<SignedPreKeyRecord> {
    return SignedPreKeyRecord.deserialize(
      found(this.#values.get("signed-prekey", preKeyName(this.#kind, id))),
    );
  }
}

class KyberPreKeys extends KyberPreKeyStore {
  readonly #values: Values;
  readonly #kind: IdentityKind;

  constructor(values: Values, kind: IdentityKind) {
    super();
    this.#values = values;
    this.#kind = kind;
  }

  async saveKyberPreKey(id: number, record: KyberPreKeyRecord): Promise<void> {
    this.#values.set("kyber-prekey", preKeyName(this.#kind, id), record.serialize());
  }

  async getKyberPreKey(id: number): Promise<KyberPreKeyRecord> {
    return KyberPreKeyRecord.deserialize(found(this.#values.get("kyber-prekey", preKeyName(this.#kind, id))));
  }

  /** A one-time key goes; a last-resort key stays, but not for the same base key twice (a replay). */
  async markKyberPreKeyUsed(id: number, signedPreKeyId: number, baseKey: PublicKey): Promise<void> {
    const name = preKeyName(this.#kind, id);
    if (!this.#values.get("kyber-used", name)) {
      this.#values.set("kyber-prekey", name, undefined);
      return;
    }
    const use = `${name}/${signedPreKeyId}/${Buffer.from(baseKey.serialize()).toString("hex")}`;
    if (this.#values.get("kyber-used", use))
      throw new SignalError("malformed", "a key was used a second time");
    this.#values.set("kyber-used", use, Buffer.from("1"));
  }
}

class SenderKeys extends SenderKeyStore {
  readonly #values: Values;

  constructor(values: Values) {
    super();
    this.#values = values;
  }

  async saveSenderKey(
    sender: ProtocolAddress,
    distributionId: string,
    record: SenderKeyRecord,
  ): Promise<void> {
    this.#values.set("sender-key", `${sender.toString()}/${distributionId}`, record.serialize());
  }

  async getSenderKey(sender: ProtocolAddress, distributionId: string): Promise<SenderKeyRecord | null> {
    const record = this.#values.get("sender-key", `${sender.toString()}/${distributionId}`);
    return record ? SenderKeyRecord.deserialize(record) : null;
  }
}

function found(record: Uint8Array<ArrayBuffer> | undefined): Uint8Array<ArrayBuffer> {
  if (!record) throw new SignalError("malformed", "a message names a key that is not here any more");
  return record;
}
