import { randomBytes } from "node:crypto";
import type { Device, PrimaryDevice } from "@signalapp/mock-server";
import { encrypted, type Pointer, pointerTo } from "./support/attachments.ts";
import { data } from "./support/contents.ts";
import { Office } from "./support/office.ts";

const lateWaits = { firstMs: 20, mostMs: 100 };

let office: Office;
let friend: PrimaryDevice;
let device: Device;
let at = Date.now();
afterEach(() => office.close());

async function open(attachmentPatienceMs?: number): Promise<void> {
  office = await Office.open({
    lateWaits,
    ...(attachmentPatienceMs !== undefined && { attachmentPatienceMs }),
  });
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  const phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
}

/** Sends a message whose attachment is not at Signal yet. */
async function sends(content: Buffer, fields: Partial<Pointer> = {}) {
  at += 1;
  const name = randomBytes(8).toString("hex");
  const { blob, fields: claim } = encrypted(content);
  const attachments = [pointerTo(name, { ...claim, ...fields })];
  await friend.sendRaw(device, data({ body: "look", attachments }), { timestamp: at, sealed: true });
  return {
    id: `${friend.device.aci}:${at}`,
    arrive: () => office.mock.server.storeAttachmentOnCdn(3, name, new Uint8Array(blob)),
  };
}

const about = (id: string) => office.sink.captured.filter(({ event }) => event.target === id);

it("records a message without its attachment, holds nothing else back, and records the attachment when it comes", async () => {
  await open();
  const content = randomBytes(10_000);
  const { id, arrive } = await sends(content);
  expect(await office.event(({ networkId }) => networkId === id)).toMatchObject({ text: "look" });
  const awaited = await office.event(({ target }) => target === id);
  expect(awaited).toMatchObject({
    kind: "notice",
    text: expect.stringContaining("is asked for until") as string,
    conversation: { id: friend.device.aci },
    sender: { id: friend.device.aci },
  });
  await friend.sendText(device, "what follows", { timestamp: (at += 1), sealed: true });
  await office.event(({ text }) => text === "what follows");

  await arrive();
  const { attachments, event } = await office.captured((one) => one.attachments !== undefined);
  expect(event).toMatchObject({ kind: "notice", target: id, conversation: { id: friend.device.aci } });
  expect(attachments).toMatchObject([{ name: "note.txt", sizeBytes: content.length }]);
  expect(office.sink.attachments.get(attachments![0]!.sealed)).toEqual(content);
  expect(about(id)).toHaveLength(2);
});

it("goes on asking after a restart, and takes the whole of a long text that is late", async () => {
  await open();
  const text = "a long text, ".repeat(400);
  const { id, arrive } = await sends(Buffer.from(text), { contentType: "text/x-signal-plain" });
  await office.event(({ target }) => target === id);
  await office.stop();
  await arrive();
  office.start();
  const { event } = await office.captured((one) => one.attachments !== undefined);
  expect(event).toMatchObject({ target: id, text });
});

it("records a gap once the attachment's time is over, and asks no more", async () => {
  await open(200);
  const { id, arrive } = await sends(Buffer.from("never"));
  const gap = await office.event(({ kind, target }) => kind === "gap" && target === id);
  expect(gap.gap).toMatchObject({ about: "note.txt", why: "An attachment was not at Signal any more" });
  await arrive();
  await friend.sendText(device, "later", { timestamp: (at += 1), sealed: true });
  await office.event(({ text }) => text === "later");
  expect(about(id).map(({ event }) => event.kind)).toEqual(["notice", "gap"]);
});

it("records a gap when what comes late is not what its sender vouched for", async () => {
  await open();
  const { id, arrive } = await sends(Buffer.from("forged"), { digest: new Uint8Array(32) });
  await office.event(({ target }) => target === id);
  await arrive();
  const gap = await office.event(({ kind, target }) => kind === "gap" && target === id);
  expect(gap.gap?.why).toContain("does not have the digest");
});
