import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import type { Device, PrimaryDevice, Proto } from "@signalapp/mock-server";
import { data } from "./support/contents.ts";
import { Office } from "./support/office.ts";

let office: Office;
let friend: PrimaryDevice;
let device: Device;
let at = Date.now();

beforeAll(async () => {
  office = await Office.open({ attachmentPatienceMs: 0 });
  friend = await office.mock.server.createPrimaryDevice({ profileName: "Fred" });
  const phone = await office.mock.server.createPrimaryDevice({ profileName: "Olivia", contacts: [friend] });
  device = await office.link(phone, [friend]);
});
afterAll(() => office.close());

/** Encrypts as a sender does, and puts it where the pointer says. */
async function uploaded(content: Buffer, fields: Partial<Proto.AttachmentPointer.Params> = {}) {
  const [key, iv] = [randomBytes(64), randomBytes(16)];
  const cipher = createCipheriv("aes-256-cbc", key.subarray(0, 32), iv);
  // Padding hides the size.
  const padded = Buffer.concat([content, Buffer.alloc(100)]);
  const body = Buffer.concat([iv, cipher.update(padded), cipher.final()]);
  const blob = Buffer.concat([body, createHmac("sha256", key.subarray(32)).update(body).digest()]);
  const cdnKey = randomBytes(8).toString("hex");
  await office.mock.server.storeAttachmentOnCdn(3, cdnKey, new Uint8Array(blob));
  return {
    attachmentIdentifier: { cdnKey },
    cdnNumber: 3,
    contentType: "text/plain",
    key: new Uint8Array(key),
    digest: new Uint8Array(createHash("sha256").update(blob).digest()),
    size: content.length,
    fileName: "note.txt",
    ...fields,
  } as Proto.AttachmentPointer.Params;
}

async function sends(fields: Partial<Proto.DataMessage.Params>): Promise<string> {
  at += 1;
  await friend.sendRaw(device, data(fields), { timestamp: at, sealed: true });
  return `${friend.device.aci}:${at}`;
}

it("seals an attachment as it was sent, without what hid its size", async () => {
  const content = randomBytes(200_000);
  const id = await sends({ body: "see this", attachments: [await uploaded(content)] });
  const { attachments } = await office.captured(({ event }) => event.networkId === id);
  expect(attachments).toMatchObject([
    { name: "note.txt", mediaType: "text/plain", sizeBytes: content.length },
  ]);
  expect(office.sink.attachments.get(attachments![0]!.sealed)).toEqual(content);
});

it("takes the whole of a text that is too long for a message", async () => {
  const text = "a long text, ".repeat(400);
  const pointer = await uploaded(Buffer.from(text), { contentType: "text/x-signal-plain" });
  const id = await sends({ body: text.slice(0, 2000), attachments: [pointer] });
  expect(await office.event(({ networkId }) => networkId === id)).toMatchObject({ text });
});

it.each([
  { name: "lies about its digest", fields: { digest: new Uint8Array(32) }, why: "does not have the digest" },
  { name: "names a wrong key", fields: { key: new Uint8Array(64) }, why: "does not carry its sender's code" },
  { name: "is shorter than it says", fields: { size: 10_000 }, why: "is shorter than the message says" },
  {
    name: "is at Signal no more",
    fields: { attachmentIdentifier: { cdnKey: "gone" } },
    why: "was not at Signal",
  },
  { name: "names a place that is not known", fields: { cdnNumber: 9 }, why: "was not at Signal" },
])("records a gap beside the message when an attachment $name", async ({ fields, why }) => {
  const id = await sends({ body: "look", attachments: [await uploaded(Buffer.from("short"), fields)] });
  const gap = await office.event(({ kind, target }) => kind === "gap" && target === id);
  expect(gap.gap?.why).toContain(why);
  expect(gap.gap?.about).toBe("note.txt");
  expect(await office.event(({ networkId }) => networkId === id)).toMatchObject({ text: "look" });
});
