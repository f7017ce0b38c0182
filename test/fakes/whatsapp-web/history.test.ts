import { createHash } from "node:crypto";
import * as say from "./changes.ts";
import { describeWithChromium } from "./chromium.ts";
import { linkedClient, makeClient, makeProfile, type RealClient } from "./client.ts";
import type { MediaFault } from "./media.ts";
import * as make from "./messages.ts";
import { WhatsAppWebServer } from "./server.ts";

const ANNA = "15550002000@c.us";
const GROUP = "120363000000000001@g.us";
const anna = { from: ANNA };
const old = (n: number) => make.text({ ...anna, t: 1_700_000_000 + n }, `old ${n}`);

describeWithChromium("what whatsapp-web.js fetches from the fake WhatsApp Web", (chromium) => {
  let server: WhatsAppWebServer;
  let profile: Awaited<ReturnType<typeof makeProfile>>;
  let real: RealClient;

  beforeEach(async () => {
    server = await WhatsAppWebServer.start();
    profile = await makeProfile();
    real = await linkedClient(server, profile.dir, chromium);
  });
  afterEach(async () => {
    await real.stop();
    await server.stop();
    await profile.remove();
  });

  const bodies = async (limit: number) =>
    (await (await real.client.getChatById(ANNA)).fetchMessages({ limit })).map(({ body }) => body);

  it("gives older messages page by page, as they are now, and those of the phone when it is asked", async () => {
    const before = Array.from({ length: 45 }, (_, n) => old(n));
    server.remember(before);
    server.rememberOnPhone([make.text({ ...anna, t: 1_600_000_000 }, "oldest")]);
    server.deliverMany([make.text(anna, "new"), say.edit(before[44]!, "edited"), say.revoke(before[43]!)]);
    await server.received();

    expect(await bodies(5)).toEqual(["old 41", "old 42", "", "edited", "new"]);
    expect(await bodies(1_000)).toHaveLength(46);
    await real.client.syncHistory(ANNA);
    expect((await bodies(1_000))[0]).toBe("oldest");
    expect(server.asked.histories).toEqual([ANNA]);
  });

  it("gives a group's notices with its older messages, which the library leaves out", async () => {
    const place = { chat: GROUP, from: ANNA };
    server.remember([make.groupChange(place, "leave", { recipients: [ANNA] }), make.text(place, "bye")]);
    const types = await real.client.pupPage!.evaluate(`(async () => {
      const { chat } = await window.require("WAWebFindChatAction").findOrCreateLatestChat("${GROUP}");
      const loaded = await window.require("WAWebChatLoadMessages").loadEarlierMsgs({ chat });
      return loaded.map(({ type }) => type);
    })()`);

    expect(types).toEqual(["gp2", "chat"]);
  });

  it("loads again what has left memory", async () => {
    const said = server.deliver(make.text(anna, "remember me"));
    await server.received();
    server.forget(said);

    expect(await bodies(10)).toEqual(["remember me"]);
  });

  it("does not answer for older messages when it is told not to", async () => {
    server.remember([old(1)]);
    server.behaviour.answersHistory = false;
    const fetching = bodies(10).catch(() => undefined);

    const end = Symbol("end");
    const patience = new Promise((resolve) => setTimeout(resolve, 500, end));
    expect(await Promise.race([fetching, patience])).toBe(end);
  });

  it("delivers again to the next page what a killed one did not receive", async () => {
    server.behaviour.heedsReceipts = false;
    const events = Array.from({ length: 26 }, (_, n) => make.text(anna, `queued ${n}`));
    server.deliverMany(events);
    await real.heard("message_create", 26);
    real.client.pupBrowser!.process()!.kill("SIGKILL");
    expect(server.account.unreceived).toHaveLength(26);

    server.behaviour.heedsReceipts = true;
    real = makeClient(server, profile.dir, chromium);
    await real.client.initialize();
    await real.heard("ready");
    await server.received();

    expect(real.of("qr")).toEqual([]);
    expect(await bodies(100)).toEqual(events.map(({ message }) => message.body));
  });

  it("decrypts an attachment to the bytes that were sent", async () => {
    const bytes = Buffer.alloc(300_001, "attachment");
    server.deliver(make.attachment(anna, server.media.add("document", bytes)));
    await real.heard("message_create");
    const [message] = real.of("message_create") as [{ downloadMedia(): Promise<{ data: string }> }];
    const { data } = await message.downloadMedia();

    const hash = (of: Buffer) => createHash("sha256").update(of).digest("hex");
    expect(hash(Buffer.from(data, "base64"))).toBe(hash(bytes));
  });

  it.each<MediaFault>(["reuploading", "fetching", "error", "gone"])(
    "has no attachment that is %s, and has it once that is over",
    async (fault) => {
      const media = server.media.add("image", Buffer.from("picture"), fault);
      const said = server.deliver(make.attachment(anna, media));
      await real.heard("message_create");
      const [message] = real.of("message_create") as [{ downloadMedia(): Promise<{ data: string }> }];
      expect(await message.downloadMedia()).toBeUndefined();

      server.media.mend(media.directPath);
      server.deliver(say.mediaStage(said, "NEED_POKE"));
      await server.received();
      expect(Buffer.from((await message.downloadMedia()).data, "base64").toString()).toBe("picture");
    },
  );

  it("does not take a corrupt attachment for a whole one", async () => {
    server.deliver(make.attachment(anna, server.media.add("image", Buffer.from("picture"), "corrupt")));
    await real.heard("message_create");
    const [message] = real.of("message_create") as [{ downloadMedia(): Promise<unknown> }];

    await expect(message.downloadMedia()).rejects.toThrow("encFilehash mismatch");
  });
});
