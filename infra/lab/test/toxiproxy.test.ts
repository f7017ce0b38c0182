import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedProgram } from "../src/cache.ts";
import { startToxiproxy, type Toxiproxy } from "../src/toxiproxy.ts";

const isBuilt = cachedProgram("toxiproxy-server") !== undefined;
if (!isBuilt) console.warn("toxiproxy is not built (npm run lab -- --install): its tests are SKIPPED");

let dir: string;
let echo: Server;
let upstream: string;
let toxiproxy: Toxiproxy;

/** What comes back for `text`, and how the connection ended. */
async function say(port: number, text: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let heard = "";
  let end = "closed";
  socket.on("data", (bytes) => {
    heard += String(bytes);
    if (heard.length >= text.length) socket.end();
  });
  socket.on("error", (err: NodeJS.ErrnoException) => (end = err.code ?? "error"));
  socket.write(text);
  await new Promise((resolve) => socket.once("close", resolve));
  return `${heard} ${end}`;
}

(isBuilt ? describe : describe.skip)("toxiproxy in the lab", () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "lab-toxiproxy-"));
    echo = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(echo, "listening");
    upstream = `127.0.0.1:${(echo.address() as AddressInfo).port}`;
    toxiproxy = (await startToxiproxy({ dir }))!;
  });
  afterAll(async () => {
    await toxiproxy.stop();
    echo.close();
    await rm(dir, { recursive: true });
  });

  it("passes on what it is not told to spoil", async () => {
    const proxy = await toxiproxy.proxy("plain", upstream);

    expect(await say(proxy.port, "hello")).toBe("hello closed");
  });

  it("cuts, and heals on the same port", async () => {
    const proxy = await toxiproxy.proxy("cut", upstream);
    await proxy.cut();
    await proxy.cut();
    expect(await say(proxy.port, "hello")).toBe(" ECONNREFUSED");

    await proxy.heal();
    await proxy.heal();
    expect(await say(proxy.port, "hello")).toBe("hello closed");
  });

  it("spoils an answer in the middle, a request at once, and nothing once healed", async () => {
    const proxy = await toxiproxy.proxy("spoilt", upstream);
    await proxy.toxic({ type: "limit_data", bytes: 4 });
    await proxy.toxic({ type: "limit_data", bytes: 2 });
    expect(await say(proxy.port, "hello")).toBe("he closed");

    await proxy.heal();
    await proxy.toxic({ type: "reset_peer", timeout: 0 }, "upstream");
    expect(await say(proxy.port, "hello")).toBe(" ECONNRESET");

    await proxy.heal();
    expect(await say(proxy.port, "hello")).toBe("hello closed");
  });

  it("gives the same proxy for the same question, as after an answer that was lost", async () => {
    const [first, again] = [
      await toxiproxy.proxy("twice", upstream),
      await toxiproxy.proxy("twice", upstream),
    ];
    expect(again.port).toBe(first.port);

    await expect(toxiproxy.proxy("twice", "127.0.0.1:1")).rejects.toThrow("choose another name");
  });

  it("removes a proxy, once or twice", async () => {
    const proxy = await toxiproxy.proxy("removed", upstream);
    await proxy.remove();
    await proxy.remove();

    expect(await say(proxy.port, "hello")).toBe(" ECONNREFUSED");
    await expect(proxy.cut()).rejects.toThrow("toxiproxy refused POST /proxies/removed (404)");
  });
});
