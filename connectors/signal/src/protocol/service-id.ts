import { Aci, plain, Pni, ServiceId } from "../libsignal.ts";

/**
 * Whom a message names: the binary form where there is one, for servers and clients leave the text form out.
 * Undefined where neither can be read.
 */
export function readServiceId(binary: Uint8Array | undefined, text?: string): ServiceId | undefined {
  try {
    if (binary !== undefined && binary.length > 0) {
      return binary.length === 16
        ? Aci.fromUuidBytes(binary)
        : ServiceId.parseFromServiceIdBinary(plain(binary));
    }
    if (text) return ServiceId.parseFromServiceIdString(text);
  } catch {
    // Whoever sent it decides what stands there.
  }
  return undefined;
}

/** As `readServiceId`, as text: the UUID of an account, or `PNI:` and the UUID of a phone number. */
export function serviceIdText(binary: Uint8Array | undefined, text?: string): string | undefined {
  return readServiceId(binary, text)?.getServiceIdString();
}

/** From text that is our own. */
export function aciOf(uuid: string): Aci {
  return Aci.fromUuid(uuid);
}

/** From 16 raw bytes, or 17 with its tag. */
export function pniOf(bytes: Uint8Array): Pni {
  return bytes.length === 16 ? Pni.fromUuidBytes(bytes) : Pni.parseFromServiceIdBinary(plain(bytes));
}
