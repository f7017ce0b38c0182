import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { SignalError } from "../error.ts";
import { plain, PrivateKey, PublicKey } from "../libsignal.ts";
import { DeviceNameSchema } from "./gen/provisioning_pb.ts";

const hmac = (key: Uint8Array, data: string | Uint8Array) => createHmac("sha256", key).update(data).digest();

/** Encrypts the name under which the phone lists this device, so that only the account's own devices can read it. */
export function sealDeviceName(name: string, identity: PublicKey): Uint8Array {
  const ephemeral = PrivateKey.generate();
  const shared = ephemeral.agree(identity);
  const syntheticIv = hmac(hmac(shared, "auth"), name).subarray(0, 16);
  const cipher = createCipheriv("aes-256-ctr", cipherKey(shared, syntheticIv), Buffer.alloc(16));
  return toBinary(
    DeviceNameSchema,
    create(DeviceNameSchema, {
      ephemeralPublic: ephemeral.getPublicKey().serialize(),
      syntheticIv,
      ciphertext: Buffer.concat([cipher.update(name, "utf8"), cipher.final()]),
    }),
  );
}

/** @throws {SignalError} `malformed` */
export function openDeviceName(sealed: Uint8Array, identity: PrivateKey): string {
  try {
    const { ephemeralPublic, syntheticIv, ciphertext } = fromBinary(DeviceNameSchema, sealed);
    if (!ephemeralPublic || !syntheticIv || !ciphertext) throw new Error("shape");
    const shared = identity.agree(PublicKey.deserialize(plain(ephemeralPublic)));
    const cipher = createDecipheriv("aes-256-ctr", cipherKey(shared, syntheticIv), Buffer.alloc(16));
    const name = Buffer.concat([cipher.update(ciphertext), cipher.final()]);
    if (!timingSafeEqual(hmac(hmac(shared, "auth"), name).subarray(0, 16), syntheticIv))
      throw new Error("iv");
    return name.toString("utf8");
  } catch (cause) {
    throw new SignalError("malformed", "a device's name cannot be opened", { cause });
  }
}

function cipherKey(shared: Uint8Array, syntheticIv: Uint8Array): Buffer {
  return hmac(hmac(shared, "cipher"), syntheticIv);
}
