import { createRequire } from "node:module";
import type { ServerResponse } from "node:http";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Device, PrimaryDevice, Proto as Codec, StorageState } from "@signalapp/mock-server";
import fc from "fast-check";
import { groupIdOf } from "../src/protocol/group-id.ts";
import { openItem, openManifest, storageKeyOf } from "../src/protocol/storage-cipher.ts";
import { AccountFile } from "../src/store/account-file.ts";
import { readContact } from "../src/store/contacts.ts";
import { readGroup } from "../src/store/groups.ts";
import { data, sync } from "./support/contents.ts";
import { mock, Proto, startMockSignal } from "./support/mock-signal.ts";
import { befriend, KEY, Office } from "./support/office.ts";
import { startStorageFront } from "./support/storage-front.ts";

const theirs = createRequire(import.meta.url)("@signalapp/mock-server/src/crypto.js") as Record<
  "deriveMasterKey" | "deriveStorageKey" | "encryptStorageManifest" | "encryptStorageItem",
  (...args: unknown[]) => never
>;
const { StorageState: State } = mock;

let office: Office;
let front: Awaited<ReturnType<typeof startStorageFront>>;
let phone: PrimaryDevice;
let friend: PrimaryDevice;
let at = Date.now();

beforeEach(async () => {
  const signal = await startMockSignal();
  front = await startStorageFront(signal.servers);
  office = await Office.over(signal, {
    servers: { ...signal.servers, storage: front.url },
    syncPace: { firstWaitMs: 5, mostWaitMs: 20, profilePauseMs: 0 },
  });
  const { server } = office.mock;
  friend = await server.createPrimaryDevice({ profileName: "Fred Weasel" });
  phone = await server.createPrimaryDevice({ profileName: "Olivia", contacts: [] });
});
afterEach(async () => {
  await office.close();
  await front.close();
});

const withFriend = (fields: Parameters<StorageState["addContact"]>[1]) =>
  State.getEmpty().addContact(friend, fields);

/** Says something, and gives what was recorded of it. */
async function says(device: Device, body: string, from = friend) {
  await from.sendRaw(device, data({ body }), { timestamp: (at += 1), sealed: true });
  return office.event(({ text }) => text === body);
}

/** Says things until one is recorded under that name: syncing takes its time. */
async function calledBy(device: Device, name: string, from = friend) {
  for (let i = 0; ; i += 1) {
    const { sender } = await says(device, `${name} ${i}`, from);
    if (sender?.name === name) return;
  }
}

async function changed(state: StorageState) {
  const before = await phone.getStorageState();
  await phone.setStorageState(state, before);
  await phone.sendFetchStorage({ timestamp: (at += 1) });
}

async function inFile<T>(read: (file: AccountFile) => T): Promise<T> {
  await office.stop();
  const [name] = readdirSync(office.dir).filter((one) => one.endsWith(".account"));
  const file = AccountFile.open(join(office.dir, name!), KEY);
  const found = read(file);
  file.close();
  office.start();
  return found;
}

it("knows people, groups and itself by what the phone keeps at the storage service", async () => {
  const group = await friend.createGroup({ title: "Budget", members: [phone, friend] });
  const person = {
    systemGivenName: "Fred",
    systemFamilyName: "of the Treasury",
    givenName: "Freddy",
    blocked: true,
    identityState: Proto.ContactRecord.IdentityState.VERIFIED,
    username: "fred.01",
  };
  await phone.setStorageState(withFriend(person).addGroup(group));
  const device = await office.link(phone, [friend]);
  await calledBy(device, "Fred of the Treasury");

  const [contact, known] = await inFile((file) => [
    readContact(file, friend.device.aci),
    readGroup(file, groupIdOf(group.masterKey)!),
  ]);
  expect(contact).toMatchObject({
    name: "Fred of the Treasury",
    profileName: "Freddy",
    number: friend.device.number,
    blocked: true,
    verified: true,
    username: "fred.01",
  });
  expect(known?.masterKey).toBe(Buffer.from(group.masterKey).toString("base64"));
});

it("prefers what the official calls somebody, and reads records under either kind of key", async () => {
  phone.storageRecordIkm = undefined;
  await phone.setStorageState(
    withFriend({ systemGivenName: "Fred", nickname: { given: "The", family: "Fox" } }),
  );
  const device = await office.link(phone, [friend]);
  await calledBy(device, "The Fox");
});

it("records that a name changed, as a fact of its time, and reads only what is new", async () => {
  await phone.setStorageState(withFriend({ systemGivenName: "Fred" }));
  const device = await office.link(phone, [friend]);
  await calledBy(device, "Fred");
  expect(office.events.filter(({ kind }) => kind === "identity")).toEqual([]);
  await changed((await phone.getStorageState())!.updateContact(friend, { systemGivenName: "Alfred" }));

  expect(await office.event(({ kind }) => kind === "identity")).toMatchObject({
    sender: { id: friend.device.aci, name: "Alfred" },
    conversation: { id: friend.device.aci },
    text: `The person's name on the official's phone was "Fred" and is "Alfred" now`,
  });
  await calledBy(device, "Alfred");
  expect((await office.event(({ text }) => text === "Fred 0")).sender?.id).toBe(friend.device.aci);
});

it("takes the name that somebody gives themselves from their profile, where the phone has none", async () => {
  const device = await office.link(phone, [friend]);
  await friend.sendText(device, "who am I", { timestamp: (at += 1), sealed: true, withProfileKey: true });
  await office.event(({ text }) => text === "who am I");
  await calledBy(device, "Fred Weasel");
});

it("records that the official's own profile changed", async () => {
  await phone.setStorageState(State.getEmpty().updateAccount({ givenName: "Olivia" }));
  const device = await office.link(phone, [friend]);
  await changed((await phone.getStorageState())!.updateAccount({ givenName: "Olivia B." }));
  expect(await office.event(({ kind }) => kind === "identity")).toMatchObject({
    sender: { id: phone.device.aci },
    text: `The account's own Signal profile name was "Olivia" and is "Olivia B." now`,
  });
  const type = Proto.SyncMessage.FetchLatest.Type.LOCAL_PROFILE;
  await phone.sendRaw(device, sync({ content: { fetchLatest: { type } } }), { timestamp: (at += 1) });
  expect(await office.event(({ text }) => text?.includes(`and is "Olivia" now`) ?? false)).toMatchObject({
    kind: "identity",
  });
});

const refusals: [string, (response: ServerResponse) => void][] = [
  ["401", (response) => response.writeHead(401).end()],
  ["503", (response) => response.writeHead(503).end()],
  ["garbage", (response) => response.writeHead(200).end(Buffer.alloc(2_000, 0xff))],
  ["nothing, and hangs up", (response) => response.destroy()],
  ["half of something", (response) => response.writeHead(200, { "content-length": 50 }).write("half")],
  [
    "without an end",
    (response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024)));
      };
      response.on("drain", more);
      more();
    },
  ],
];
it.each(refusals)(
  "captures on while the storage service answers %s, and catches up after",
  async (_, answer) => {
    await phone.setStorageState(withFriend({ systemGivenName: "Fred" }));
    front.answer((response) => {
      answer(response);
      // Half an answer is one that never comes.
      setTimeout(() => response.destroy(), 300).unref();
    });
    const device = await office.link(phone, [friend]);
    await office.until(() => front.asked.length > 1);
    expect(await says(device, "meanwhile")).toMatchObject({ sender: { id: friend.device.aci } });
    expect(office.linkOf(phone)?.status).toBe("live");
    front.answer();
    await calledBy(device, "Fred");
  },
);

it("asks the phone for its keys when those that are known open nothing", async () => {
  const manifest = Proto.StorageManifest.encode({ version: 1n, value: new Uint8Array(100) });
  front.answer((response) => response.writeHead(200).end(manifest));
  const listening = phone as unknown as {
    handleSync: (source: Device, message: Codec.SyncMessage) => Promise<void>;
  };
  const { handleSync } = listening;
  let requests = 0;
  listening.handleSync = (source, message) => {
    if (message.content?.request?.type === Proto.SyncMessage.Request.Type.KEYS) requests += 1;
    return handleSync.call(phone, source, message);
  };
  const device = await office.link(phone, [friend]);
  // At linking, and because of the manifest; not because of what the phone then answers.
  await office.until(() => requests === 2 && front.asked.length > 2);
  expect(await says(device, "all the same")).toMatchObject({ kind: "message" });
  expect(requests).toBe(2);
});

it("leaves out records that do not open, and takes the others", async () => {
  const spoilt = State.getEmpty().addContact(friend, { systemGivenName: "Fred" });
  const other = await office.mock.server.createPrimaryDevice({ profileName: "Other" });
  await phone.setStorageState(spoilt.addContact(other, { systemGivenName: "Other one" }));
  const items = (await phone.getStorageState()) as unknown as {
    items: { key: Buffer; record: Codec.StorageRecord["record"] }[];
  };
  const record = items.items.find(({ record: one }) => one?.contact?.systemGivenName === "Other one")!;
  (
    office.mock.server as unknown as { setStorageItem: (device: Device, key: Buffer, value: Buffer) => void }
  ).setStorageItem(phone.device, record.key, Buffer.alloc(80));
  const device = await office.link(phone, [friend, other]);
  await calledBy(device, "Fred");
  expect((await says(device, "spoilt", other)).sender).toEqual({
    id: other.device.aci,
    name: other.device.aci,
  });
});

it("opens what Signal's own code sealed, and refuses anything else", () => {
  const pool = "a".repeat(64);
  const key = storageKeyOf({ accountEntropyPool: pool })!;
  const master = theirs.deriveMasterKey(pool) as Buffer;
  expect(Buffer.from(key)).toEqual(theirs.deriveStorageKey(master));
  expect(storageKeyOf({ masterKey: master.toString("base64") })).toEqual(key);
  expect(storageKeyOf({})).toBeUndefined();
  expect(storageKeyOf({ accountEntropyPool: "no pool" })).toBeUndefined();

  const identifiers = [{ type: 1, raw: new Uint8Array(16).fill(3) }];
  const record = { version: 7n, identifiers, recordIkm: null, sourceDevice: null };
  const manifest = theirs.encryptStorageManifest(Buffer.from(key), record) as {
    version: bigint;
    value: Buffer;
  };
  const ours = { $typeName: "daybook.signal.StorageManifest" as const, ...manifest };
  expect(openManifest(key, ours)).toMatchObject({ version: 7n, identifiers: [{ type: 1 }] });
  const malformed = expect.objectContaining({ code: "malformed" }) as Error;
  expect(() => openManifest(key, { ...ours, version: 8n })).toThrow(malformed);
  expect(() => openManifest(new Uint8Array(32), ours)).toThrow(malformed);

  for (const recordIkm of [undefined, Buffer.alloc(32, 9)]) {
    const groupV2 = { masterKey: new Uint8Array(32).fill(1) };
    const sealed = {
      storageKey: Buffer.from(key),
      recordIkm,
      key: Buffer.alloc(16, 3),
      record: { record: { groupV2 } },
    };
    const item = theirs.encryptStorageItem(sealed) as { key: Buffer; value: Buffer };
    const opened = openItem(key, recordIkm ?? new Uint8Array(), {
      $typeName: "daybook.signal.StorageItem",
      ...item,
    });
    expect(opened.record).toMatchObject({ case: "groupV2", value: { masterKey: groupV2.masterKey } });
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (value) => {
      const item = { $typeName: "daybook.signal.StorageItem" as const, key: new Uint8Array(16), value };
      expect(() => openItem(key, new Uint8Array(), item)).toThrow(malformed);
    }),
  );
});

it("asks for a changed profile key's profile, and not for one that the phone told already", async () => {
  await phone.setStorageState(withFriend({ givenName: "Told", profileKey: new Uint8Array(32).fill(4) }));
  const device = await office.link(phone, []);
  await befriend(friend, device);
  await calledBy(device, "Told");
  const wanted = await inFile((file) => [...file.all("profile-wanted")]);
  expect(wanted).toEqual([]);
});
