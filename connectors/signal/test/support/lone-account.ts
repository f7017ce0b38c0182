import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import {
  Aci,
  IdentityKeyPair,
  KEMPublicKey,
  plain,
  PreKeyBundle,
  PrivateKey,
  processPreKeyBundle,
  ProtocolAddress,
  PublicKey,
  signalEncrypt,
} from "../../src/libsignal.ts";
import { PreKeyMaker } from "../../src/linking/prekeys.ts";
import { EnvelopeSchema } from "../../src/protocol/gen/envelope_pb.ts";
import { Receiver } from "../../src/receiving/receiver.ts";
import { type LinkedAccount, ownKeyPair, writeAccount } from "../../src/store/account.ts";
import { AccountFile } from "../../src/store/account-file.ts";
import { Changes, type Values } from "../../src/store/changes.ts";
import { protocolStores } from "../../src/store/protocol-stores.ts";
import { pad } from "../../src/protocol/padding.ts";

const bytesOf = (base64: string) => plain(Buffer.from(base64, "base64"));

/** A linked account's file and receiver without a server, and somebody who can write to it anything at all. */
export class LoneAccount {
  readonly account: LinkedAccount;
  readonly file: AccountFile;
  readonly receiver: Receiver;
  /** Who writes. */
  readonly sender: string;
  readonly #dir = mkdtempSync(join(tmpdir(), "daybook-signal-lone-"));
  readonly #stores = protocolStores(inMemory(), newOwn(), () => undefined);
  #at = 1_700_000_000_000;

  private constructor(by: "a friend" | "their phone") {
    const aci = randomUUID();
    this.sender = by === "a friend" ? randomUUID() : aci;
    const pair = IdentityKeyPair.generate();
    this.account = {
      v: 1,
      aci,
      deviceId: 2,
      password: "none",
      aciIdentity: {
        publicKey: Buffer.from(pair.publicKey.serialize()).toString("base64"),
        privateKey: Buffer.from(pair.privateKey.serialize()).toString("base64"),
        registrationId: 7,
      },
      profileKey: Buffer.alloc(32, 1).toString("base64"),
      custodian: { id: "id-Olivia", name: "Olivia" },
      linkedAt: this.#at,
      nextKeyId: 1_000,
    };
    this.file = AccountFile.open(join(this.#dir, "lone.account"), Buffer.alloc(32, 7), "create");
    this.receiver = new Receiver(this.file, this.account, []);
  }

  static async open(by: "a friend" | "their phone" = "a friend"): Promise<LoneAccount> {
    const lone = new LoneAccount(by);
    await lone.#befriend();
    return lone;
  }

  /** An envelope that decrypts to just these bytes. */
  async sealed(content: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    this.#at += 1;
    const { sessions, identities } = this.#stores;
    const message = await signalEncrypt(
      pad(content),
      this.#address,
      ProtocolAddress.new(this.sender, 1),
      sessions,
      identities,
    );
    return plain(
      toBinary(
        EnvelopeSchema,
        create(EnvelopeSchema, {
          // As the library numbers its messages: 3 makes a session, 2 goes on with one.
          type: message.type() === 3 ? 3 : 1,
          content: message.serialize(),
          sourceServiceIdBinary: Aci.fromUuid(this.sender).getRawUuidBytes(),
          sourceDeviceId: 1,
          clientTimestamp: BigInt(this.#at),
          serverTimestamp: BigInt(this.#at),
        }),
      ),
    );
  }

  close(): void {
    this.file.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  get #address(): ProtocolAddress {
    return ProtocolAddress.new(this.account.aci, this.account.deviceId);
  }

  async #befriend(): Promise<void> {
    const changes = new Changes(this.file);
    let id = 1;
    const { privateKey, publicKey } = ownKeyPair(this.account.aciIdentity);
    const identity = privateKey;
    const maker = new PreKeyMaker({
      values: changes,
      kind: "aci",
      identity,
      nextId: () => id++,
      now: this.#at,
    });
    const [signed, kyber] = [maker.signed(), maker.lastResort()];
    writeAccount(changes, this.account);
    this.file.commit(changes, this.#at);
    const bundle = PreKeyBundle.new(
      this.account.aciIdentity.registrationId,
      this.account.deviceId,
      null,
      null,
      signed.keyId,
      PublicKey.deserialize(bytesOf(signed.publicKey)),
      bytesOf(signed.signature),
      publicKey,
      kyber.keyId,
      KEMPublicKey.deserialize(bytesOf(kyber.publicKey)),
      bytesOf(kyber.signature),
    );
    const { sessions, identities } = this.#stores;
    await processPreKeyBundle(
      bundle,
      this.#address,
      ProtocolAddress.new(this.sender, 1),
      sessions,
      identities,
    );
  }
}

function newOwn() {
  return { kind: "aci" as const, privateKey: PrivateKey.generate(), registrationId: 9 };
}

function inMemory(): Values {
  const held = new Map<string, Uint8Array>();
  return {
    get(kind, name) {
      const value = held.get(`${kind}/${name}`);
      return value && new Uint8Array(value);
    },
    set(kind, name, value) {
      if (value === undefined) held.delete(`${kind}/${name}`);
      else held.set(`${kind}/${name}`, value);
    },
  };
}
