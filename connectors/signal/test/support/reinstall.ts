import { createRequire } from "node:module";
import { randomInt } from "node:crypto";
import type { PrimaryDevice } from "@signalapp/mock-server";
import { mock } from "./mock-signal.ts";

const require = createRequire(import.meta.url);
// The library as the mock has it: not ours, which may be of another version.
const { PrivateKey } = createRequire(require.resolve("@signalapp/mock-server"))(
  "@signalapp/libsignal-client",
) as typeof import("@signalapp/libsignal-client");

interface Insides {
  readonly identity: Map<
    string,
    {
      updateIdentityKey(key: unknown): Promise<void>;
      updateLocalRegistrationId(id: number): Promise<void>;
    }
  >;
  privateKey: unknown;
  publicKey: unknown;
  readonly sessions: { readonly sessions: Map<string, unknown> };
  readonly device: { registrationId: number };
}

/** As when somebody installs Signal on a new phone: the account is the same, its keys are others. */
export async function reinstall(phone: PrimaryDevice): Promise<void> {
  const insides = phone as unknown as Insides;
  const kind = mock.ServiceIdKind.ACI;
  const key = PrivateKey.generate();
  const registrationId = randomInt(1, 16_000);
  insides.privateKey = key;
  insides.publicKey = key.getPublicKey();
  insides.device.registrationId = registrationId;
  const store = insides.identity.get(kind)!;
  await store.updateIdentityKey(key);
  await store.updateLocalRegistrationId(registrationId);
  insides.sessions.sessions.clear();
  await phone.device.setKeys(kind, await phone.generateKeys(phone.device, kind));
}

/** How each envelope came that a phone gets from now on: sealed, with prekeys, or in a session. */
export function envelopesOf(phone: PrimaryDevice): string[] {
  const kinds: string[] = [];
  const handle = phone.handleEnvelope.bind(phone);
  phone.handleEnvelope = (...envelope) => {
    kinds.push(envelope[2]);
    return handle(...envelope);
  };
  return kinds;
}
