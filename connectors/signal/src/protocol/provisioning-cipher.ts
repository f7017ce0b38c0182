import { createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { SignalError } from "../error.ts";
import { hkdf, plain, type PrivateKey, PublicKey } from "../libsignal.ts";
import {
  type ProvisionMessage,
  ProvisionEnvelopeSchema,
  ProvisionMessageSchema,
} from "./gen/provisioning_pb.ts";

const VERSION = 1;
const IV_BYTES = 16;
const MAC_BYTES = 32;

/**
 * What the phone sent to the key that the QR code shows.
 *
 * @throws {SignalError} `malformed` when it was not sent to this key, or was altered on its way
 */
export function openProvisioning(envelope: Uint8Array, key: PrivateKey): ProvisionMessage {
  try {
    const { publicKey, body } = fromBinary(ProvisionEnvelopeSchema, envelope);
    if (!publicKey || !body || body.length < 1 + IV_BYTES + MAC_BYTES || body[0] !== VERSION)
      throw new Error("shape");
    const shared = key.agree(PublicKey.deserialize(plain(publicKey)));
    const keys = hkdf(64, shared, plain(Buffer.from("TextSecure Provisioning Message")), null);
    const end = body.length - MAC_BYTES;
    const mac = createHmac("sha256", keys.subarray(32)).update(body.subarray(0, end)).digest();
    if (!timingSafeEqual(mac, body.subarray(end))) throw new Error("mac");
    const cipher = createDecipheriv("aes-256-cbc", keys.subarray(0, 32), body.subarray(1, 1 + IV_BYTES));
    const opened = Buffer.concat([cipher.update(body.subarray(1 + IV_BYTES, end)), cipher.final()]);
    return fromBinary(ProvisionMessageSchema, opened);
  } catch (cause) {
    throw new SignalError("malformed", "what the phone sent cannot be opened: show a new code", { cause });
  }
}
