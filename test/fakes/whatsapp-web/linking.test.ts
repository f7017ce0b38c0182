import { describeWithChromium } from "./chromium.ts";
import { linkedClient, makeClient, makeProfile, type RealClient } from "./client.ts";
import { text } from "./messages.ts";
import { WhatsAppWebServer } from "./server.ts";

describeWithChromium("linking whatsapp-web.js to the fake WhatsApp Web", (chromium) => {
  let server: WhatsAppWebServer;
  let profile: Awaited<ReturnType<typeof makeProfile>>;
  let clients: RealClient[];

  beforeEach(async () => {
    server = await WhatsAppWebServer.start();
    profile = await makeProfile();
    clients = [];
  });
  afterEach(async () => {
    for (const { stop } of clients) await stop();
    await server.stop();
    await profile.remove();
  });

  const client = () => {
    const made = makeClient(server, profile.dir, chromium);
    clients.push(made);
    return made;
  };
  const linked = async () => {
    const made = await linkedClient(server, profile.dir, chromium);
    clients.push(made);
    return made;
  };

  it("shows a second code when the first is over, and takes only the second", async () => {
    const { client: real, of, heard } = client();
    await real.initialize();
    await heard("qr");
    server.rotateQr();
    await heard("qr", 2);
    const [first, second] = of("qr") as string[];

    expect(() => server.scan(first!)).toThrow("refuses this QR code");
    server.scan(second!);
    await heard("ready");

    expect(of("authenticated")).toHaveLength(1);
    expect(real.info.wid._serialized).toBe("15550001000@c.us");
  });

  it("gets a new code from an idle page only when the page asks", async () => {
    const { client: real, of, heard } = client();
    await real.initialize();
    await heard("qr");
    server.idleQr();
    expect(() => server.scan(of("qr")[0] as string)).toThrow("refuses this QR code");

    await real.pupPage!.evaluate("window.require('WAWebCmd').Cmd.refreshQR()");
    await heard("qr", 2);
    server.scan(of("qr")[1] as string);
    await heard("ready");
  });

  it("restores a session without a code, and delivers what came meanwhile", async () => {
    const { stop } = await linked();
    await stop();
    server.deliverMany([1, 2, 3].map((n) => text({ from: "15550002000@c.us" }, `while away ${n}`)));

    const again = client();
    await again.client.initialize();
    await again.heard("ready");
    await server.received();

    expect(again.of("qr")).toEqual([]);
    const chat = await again.client.getChatById("15550002000@c.us");
    const bodies = (await chat.fetchMessages({ limit: 10 })).map(({ body }) => body);
    expect(bodies).toEqual(["while away 1", "while away 2", "while away 3"]);
  });

  it("ends with LOGOUT when the phone removes the device, and can be linked again", async () => {
    const { of, heard } = await linked();
    server.logOut();
    await heard("qr", 2);
    expect(of("disconnected")).toEqual(["LOGOUT"]);
    expect(server.isOnline).toBe(false);

    server.scan(of("qr")[1] as string);
    await heard("ready", 2);
  });

  it("comes back by itself when the line is cut, and gets what came meanwhile once", async () => {
    const { of, heard } = await linked();
    server.behaviour.accepts = false;
    server.dropLine();
    await heard("change_state");
    server.deliver(text({ from: "15550002000@c.us" }, "in between"));
    server.behaviour.accepts = true;
    await heard("message_create");
    await server.received();

    expect(of("message_create")).toHaveLength(1);
  });
});
