import { describeWithChromium } from "./chromium.ts";
import { linkedClient, makeClient, makeProfile, type RealClient } from "./client.ts";
import { WhatsAppWebServer } from "./server.ts";

const ANNA = "15550002000@c.us";

describeWithChromium("a WhatsApp Web that misbehaves", (chromium) => {
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

  const client = (authTimeoutMs?: number) => {
    const made = makeClient(server, profile.dir, chromium, authTimeoutMs);
    clients.push(made);
    return made;
  };
  const linked = async () => {
    const made = await linkedClient(server, profile.dir, chromium);
    clients.push(made);
    return made;
  };
  const waits = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, "still waiting"));

  it("has a page that never comes", async () => {
    server.behaviour.answersPage = false;
    const { client: real } = client();
    const starting = real.initialize().catch(() => undefined);

    expect(await Promise.race([starting, waits(3_000)])).toBe("still waiting");
  });

  it("closes every connection", async () => {
    server.behaviour.accepts = false;
    await expect(client().client.initialize()).rejects.toThrow("net::ERR_");
  });

  it("has no version, or a given one", async () => {
    server.behaviour.version = undefined;
    await expect(client(2_000).client.initialize()).rejects.toBe("auth timeout");
    await clients.pop()!.stop();

    server.behaviour.version = "2.3000.7";
    const { client: real } = await linked();
    expect(await real.getWWebVersion()).toBe("2.3000.7");
  });

  it("has not a module that linking needs", async () => {
    server.behaviour.without = ["WAWebOfflineHandler"];
    await expect(client().client.initialize()).rejects.toThrow("WAWebOfflineHandler");
  });

  it("has not a module that capture needs: authenticated, and never ready", async () => {
    server.behaviour.without = ["WAWebSyncGatingUtils"];
    const { client: real, heard, of } = client();
    real.once("qr", (qr: string) => server.scan(qr));
    await real.initialize();
    const broken = new Promise<Error>((resolve) => real.pupPage!.once("pageerror", resolve as () => void));
    await heard("authenticated");

    expect((await broken).message).toContain("WAWebSyncGatingUtils");
    expect(of("ready")).toEqual([]);
  });

  it("has synced before anybody listens: never ready, until the library's own function is called", async () => {
    const first = await linked();
    await first.stop();
    server.behaviour.syncedEarly = true;
    const { client: real, heard, of } = client();
    await real.initialize();
    expect(of("authenticated")).toEqual([]);
    expect(await real.pupPage!.evaluate("window.require('WAWebSocketModel').Socket.hasSynced")).toBe(true);

    await real.pupPage!.evaluate("window.onAppStateHasSyncedEvent()");
    await heard("ready");
  });

  it("waits with the sync, and syncs twice", async () => {
    server.behaviour.holdsSync = true;
    const { client: real, heard, of } = client();
    real.once("qr", (qr: string) => server.scan(qr));
    await real.initialize();
    await server.online();
    expect(await real.getState()).toBe("CONNECTED");
    expect(of("authenticated")).toEqual([]);
    server.sync();
    await heard("ready");

    server.resync();
    await heard("ready", 3);
  });

  it("is ready again after a reload, and more than once after a frame", async () => {
    const { heard } = await linked();
    server.reloadPage();
    await heard("ready", 2);
    server.addIframe();
    await waits(500);
    server.resync();
    await heard("ready", 4);
  });

  it.each(["CONFLICT", "UNLAUNCHED"])("is in the state %s, which ends the client", async (state) => {
    const { heard, of, client: real } = await linked();
    server.setState(state);
    await heard("disconnected");

    expect(of("disconnected")).toEqual([state]);
    const browser = real.pupBrowser!;
    if (browser.connected) await new Promise((resolve) => browser.once("disconnected", resolve));
  });

  it("ended the session while the page was away, and says so with a new code", async () => {
    const first = await linked();
    await first.stop();
    server.logOut();
    const { client: real, heard, of } = client();
    await real.initialize();
    await heard("qr");

    expect(of("authenticated")).toEqual([]);
  });

  it("sends, refuses, loses, and keeps without an answer what is sent", async () => {
    const { client: real, heard, argumentsOf } = await linked();
    const send = (body: string) => real.sendMessage(ANNA, body, { sendSeen: false });
    const acks = () => argumentsOf("message_ack").map(([, level]) => level);
    await send("sent");
    await heard("message_ack");
    expect(acks()).toEqual([1]);
    server.behaviour.sending = "refused";
    await send("refused");
    await heard("message_ack", 2);
    expect(acks()).toEqual([1, -1]);

    for (const sending of ["lost", "kept"] as const) {
      server.behaviour.sending = sending;
      const options = { sendSeen: false, waitUntilMsgSent: true };
      const sent = real.sendMessage(ANNA, sending, options).catch(() => undefined);
      expect(await Promise.race([sent, waits(500)])).toBe("still waiting");
    }
    expect(server.asked.sent.map(({ body }) => body)).toEqual(["sent", "kept"]);
    expect(acks()).toEqual([1, -1]);
    expect(server.asked).toMatchObject({ seen: [], presence: [] });
  });

  it("hears of what a connector that only reads must not do", async () => {
    const { client: real } = await linked();
    await real.sendSeen(ANNA);
    await real.sendMessage(ANNA, "after that", { sendSeen: false });

    expect(server.asked).toMatchObject({ seen: [ANNA], presence: [true, false] });
  });
});
