import { createHash, randomBytes } from "node:crypto";
import {
  attachment,
  describeWithChromium,
  mediaStage,
  type MediaType,
  text,
} from "../../../test/fakes/whatsapp-web/index.ts";
import { FERGUS, Office } from "./support/office.ts";

const MIB = 1024 * 1024;
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function* nothing(): AsyncGenerator<Uint8Array> {
  // No bytes.
}

describeWithChromium("Files on WhatsApp Web", () => {
  let office: Office;
  beforeAll(async () => {
    office = await Office.open({ mediaWaits: { firstMs: 200, mostMs: 400 } });
    await office.link();
  });
  afterAll(() => office.close());

  const send = (
    type: MediaType,
    bytes: Buffer,
    fields = {},
    fault?: Parameters<typeof office.server.media.add>[2],
  ) =>
    office.server.deliver(
      attachment({ from: FERGUS }, office.server.media.add(type, bytes, fault), {
        mimetype: "image/jpeg",
        ...fields,
      }),
    );
  const about = (id: string) => office.sink.captured.filter(({ event }) => event.target === id);
  const arrived = async (id: string) => {
    await office.until(() => about(id).length > 0);
    return about(id)[0]!;
  };

  it.each(["image", "video", "ptt", "document", "sticker"] as const)(
    "records a message's %s beside it",
    async (type) => {
      const bytes = randomBytes(70_000);
      const said = send(type, bytes, { filename: "plan.pdf", caption: "The plan" });
      const { attachments, event } = await arrived(said.message.id.id);

      expect(event).toMatchObject({ kind: "notice", direction: "incoming", conversation: { id: FERGUS } });
      expect(attachments).toMatchObject([{ sha256: hashOf(bytes), sizeBytes: bytes.length }]);
    },
  );

  it("asks again for one that WhatsApp does not have yet, and does not hold up what follows", async () => {
    const bytes = randomBytes(1_000);
    const said = send("image", bytes, {}, "gone");
    office.server.deliver(text({ from: FERGUS }, "Did you get it?"));
    const path = said.message.directPath as string;
    await office.until(
      () => office.texts.includes("Did you get it?") && office.server.requests.includes(path),
    );
    expect(about(said.message.id.id)).toEqual([]);
    office.server.media.mend(path);

    expect((await arrived(said.message.id.id)).attachments).toMatchObject([{ sha256: hashOf(bytes) }]);
  });

  it.each(["reuploading", "fetching", "error"] as const)(
    "asks again for one of which WhatsApp says %s",
    async (fault) => {
      const bytes = randomBytes(1_000);
      const said = send("image", bytes, {}, fault);
      await office.until(() => office.events.some(({ networkId }) => networkId === said.message.id.id));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(about(said.message.id.id)).toEqual([]);
      office.server.deliver(mediaStage(said, "NEED_POKE"));

      expect((await arrived(said.message.id.id)).attachments).toMatchObject([{ sha256: hashOf(bytes) }]);
    },
  );

  it("asks after a restart for what it did not have, and records what is never had as a gap", async () => {
    const lost = send("image", randomBytes(1_000), {}, "corrupt");
    const later = send("image", randomBytes(1_000), {}, "gone");
    await office.until(() => office.events.some(({ networkId }) => networkId === later.message.id.id));
    const month = 31 * 86_400_000;
    await office.restart(() => office.server.media.mend(later.message.directPath as string));
    expect((await arrived(later.message.id.id)).event.kind).toBe("notice");
    await office.restart(() => undefined, { now: () => new Date(Date.now() + month) });

    expect((await arrived(lost.message.id.id)).event).toMatchObject({
      kind: "gap",
      gap: { why: expect.stringMatching(/^An attachment is missing: /) as string },
    });
  });

  it("does not ask for what is larger than is taken", async () => {
    const said = send("document", randomBytes(100), { size: 600 * MIB });

    expect((await arrived(said.message.id.id)).event).toMatchObject({
      kind: "gap",
      gap: { why: "An attachment is missing: it is larger than is taken" },
    });
  });

  it("takes 300 MiB in slices, whatever the size in no more memory", async () => {
    const sizes: number[] = [];
    const attach = office.sink.attach.bind(office.sink);
    // As the real sink does, it keeps nothing of what it is given.
    office.sink.attach = async (body, as) => {
      const hash = createHash("sha256");
      let sizeBytes = 0;
      for await (const slice of body) {
        hash.update(slice);
        sizeBytes += slice.length;
        sizes.push(slice.length);
      }
      return { ...(await attach(nothing(), as)), sizeBytes, sha256: hash.digest("hex") };
    };
    const bytes = randomBytes(300 * MIB);
    const said = send("document", bytes);

    expect((await arrived(said.message.id.id)).attachments).toMatchObject([
      { sha256: hashOf(bytes), sizeBytes: bytes.length },
    ]);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(4 * MIB);
  }, 180_000);
});
