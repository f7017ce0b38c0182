import { randomBytes } from "node:crypto";
import { ConnectorError } from "@daybook/contract";
import type { Device, PrimaryDevice, Proto } from "@signalapp/mock-server";
import { openAttachment } from "../src/protocol/attachment-cipher.ts";
import { uploaded } from "./support/attachments.ts";
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

async function sends(fields: Partial<Proto.DataMessage.Params>): Promise<string> {
  at += 1;
  await friend.sendRaw(device, data(fields), { timestamp: at, sealed: true });
  return `${friend.device.aci}:${at}`;
}

const gapOf = (id: string) => office.event(({ kind, target }) => kind === "gap" && target === id);

it("seals an attachment as it was sent, without what hid its size", async () => {
  const content = randomBytes(200_000);
  const id = await sends({ body: "see this", attachments: [await uploaded(office.mock, content)] });
  const { attachments } = await office.captured(({ event }) => event.networkId === id);
  expect(attachments).toMatchObject([
    { name: "note.txt", mediaType: "text/plain", sizeBytes: content.length },
  ]);
  expect(office.sink.attachments.get(attachments![0]!.sealed)).toEqual(content);
});

it("takes the whole of a text that is too long for a message", async () => {
  const text = "a long text, ".repeat(400);
  const pointer = await uploaded(office.mock, Buffer.from(text), { contentType: "text/x-signal-plain" });
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
  const content = Buffer.from("short");
  const id = await sends({ body: "look", attachments: [await uploaded(office.mock, content, fields)] });
  const { gap } = await gapOf(id);
  expect(gap).toMatchObject({ about: "note.txt", why: expect.stringContaining(why) as string });
  expect(await office.event(({ networkId }) => networkId === id)).toMatchObject({ text: "look" });
});

it("records a gap when an attachment is larger than is kept", async () => {
  office.sink.attach = async (body) => {
    for await (const chunk of body) if (chunk.length > 0) break;
    throw new ConnectorError("too-large", "an attachment is over 1000 bytes");
  };
  const large = await uploaded(office.mock, Buffer.alloc(2_000));
  const id = await sends({ body: "the film", attachments: [large] });
  expect((await gapOf(id)).gap?.why).toContain("larger than is kept");
});

it("reads no further than a sender's size allows", async () => {
  let given = 0;
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) yield await Promise.resolve(Buffer.alloc((given += 4_096) && 4_096));
  }
  const claim = { key: Buffer.alloc(64, 1), digest: Buffer.alloc(32), sizeBytes: 1_000 };
  const reading = (async () => {
    for await (const chunk of openAttachment(endless(), claim))
      expect(chunk.length).toBeLessThanOrEqual(1_000);
  })();
  await expect(reading).rejects.toMatchObject({ code: "attachment-invalid" });
  expect(given).toBeLessThan(100_000);
});
