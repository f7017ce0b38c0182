import type { Device, Group, PrimaryDevice, Proto as Types } from "@signalapp/mock-server";
import type { zkgroup } from "../../src/libsignal.ts";
import { data } from "./contents.ts";
import { mock, type MockSignal, Proto } from "./mock-signal.ts";

export type Actions = Partial<Types.GroupChange.Actions.Params>;

/** Somebody's clock in tests: never the same time twice. */
let last = Date.now();
export const tick = () => (last = Math.max(last + 1, Date.now()));

/** A change as Signal's server would sign it, also where its mock cannot make it. */
export function signedChange(
  { server }: MockSignal,
  group: Group,
  by: PrimaryDevice,
  revision: number,
  actions: Actions,
): Types.GroupChange.Params & { actions: Uint8Array<ArrayBuffer> } {
  const { zkSecret } = server as unknown as { zkSecret: zkgroup.ServerSecretParams };
  const known = Proto.GroupChange.Actions.encode({
    ...mock.EMPTY_GROUP_ACTIONS,
    sourceUserId: new Uint8Array(group.encryptServiceId(by.device.aci)),
    version: revision,
    groupId: new Uint8Array(Buffer.from(group.id, "base64")),
    ...actions,
  });
  // The mock's own codec leaves out what it does not know.
  const encoded = new Uint8Array(Buffer.concat([known, ...(actions.$unknown ?? [])]));
  return { actions: encoded, changeEpoch: 1, serverSignature: zkSecret.sign(encoded).serialize() };
}

/** Tells a device of a change, as whoever made it does. */
export async function sendChange(
  by: PrimaryDevice,
  to: Device,
  group: Group,
  change: Types.GroupChange.Params,
  revision: number | null,
): Promise<number> {
  const timestamp = tick();
  const groupV2 = {
    masterKey: new Uint8Array(group.masterKey),
    revision,
    groupChange: Proto.GroupChange.encode(change),
  };
  await by.sendRaw(to, data({ groupV2, timestamp: BigInt(timestamp) }), { timestamp });
  return timestamp;
}

/** A group as the server has it. */
export async function onServer(server: MockSignal["server"], group: Group) {
  const { publicParams } = group as unknown as { publicParams: zkgroup.GroupPublicParams };
  return (await server.getGroup(publicParams.serialize()))!;
}

/** Changes a group on the server, and tells nobody. */
export async function changeGroup(
  { server }: MockSignal,
  group: Group,
  by: PrimaryDevice,
  actions: Actions,
): Promise<number> {
  const known = await onServer(server, group);
  const revision = known.revision + 1;
  const { conflict } = await server.modifyGroup({
    group: known,
    actions: { ...mock.EMPTY_GROUP_ACTIONS, ...actions, version: revision },
    aciCiphertext: new Uint8Array(group.encryptServiceId(by.device.aci)),
    pniCiphertext: undefined,
  });
  if (conflict) throw new Error("the group is at another revision");
  return revision;
}

/** Says something in a group, as of a revision. */
export async function say(
  by: PrimaryDevice,
  to: Device,
  group: Group,
  body: string,
  revision = group.revision,
): Promise<number> {
  const timestamp = tick();
  const groupV2 = { masterKey: new Uint8Array(group.masterKey), revision, groupChange: null };
  await by.sendRaw(to, data({ body, groupV2, timestamp: BigInt(timestamp) }), { timestamp });
  return timestamp;
}

export const titled = (group: Group, title: string) =>
  new Uint8Array(group.encryptBlob({ content: { title } }));
