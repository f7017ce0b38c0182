import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, createServer, request, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Authority, makeAuthority } from "@daybook/lab";
import { type StoreFault, StoreProxy } from "./store-proxy.ts";

let dir: string;
let authority: Authority;
let store: Server;
let proxy: StoreProxy;
/** What the store has done. */
let heard: string[];
const agent = () => new Agent({ ca: authority.ca });

async function open(seed = "1"): Promise<StoreProxy> {
  const names = ["IP:127.0.0.1"];
  return StoreProxy.open({
    endpoint: `https://127.0.0.1:${(store.address() as AddressInfo).port}`,
    certified: await authority.issue({ subject: `proxy-${seed}`, names }),
    ca: authority.ca,
    seed,
  });
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "store-proxy-"));
  authority = await makeAuthority(dir);
  const { key, certificate: cert } = await authority.issue({ subject: "store", names: ["IP:127.0.0.1"] });
  store = createServer({ key, cert }, (incoming, answer) => {
    void buffer(incoming).then((body) => {
      heard.push(`${incoming.method} ${incoming.url} ${body.toString()}`);
      answer.writeHead(200, { "x-kept": "yes" }).end("what was stored");
    });
  }).listen(0, "127.0.0.1");
  await once(store, "listening");
});
afterAll(async () => {
  store.closeAllConnections();
  store.close();
  await rm(dir, { recursive: true });
});
beforeEach(async () => {
  heard = [];
  proxy = await open();
});
afterEach(() => proxy.close());

/** What came of a request, as far as it came. */
async function put(through = proxy): Promise<{ status?: number; body: string; isWhole: boolean }> {
  const [host, port] = through.host.split(":");
  const sent = request({ host, port, method: "PUT", path: "/bucket/key", agent: agent() });
  sent.end("a body");
  let answer: IncomingMessage;
  try {
    [answer] = (await once(sent, "response")) as [IncomingMessage];
  } catch {
    return { body: "", isWhole: false };
  }
  let body = "";
  answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
  answer.on("error", () => undefined);
  await new Promise((resolve) => answer.once("close", resolve));
  return { status: answer.statusCode!, body, isWhole: answer.complete };
}

const WHOLE = { status: 200, body: "what was stored", isWhole: true };
const REQUEST = "PUT /bucket/key a body";

it("passes everything on when nothing spoils it", async () => {
  expect(await put()).toEqual(WHOLE);
  expect(heard).toEqual([REQUEST]);
  expect([...proxy.done]).toEqual([]);
});

it.each<[StoreFault["kind"], { faults: object; answer: object; heard: string[] }]>([
  ["store-503", { faults: { share: 100 }, answer: { status: 503, isWhole: true }, heard: [] }],
  // Half of it, and not the end.
  [
    "store-cut",
    { faults: { share: 100 }, answer: { status: 200, body: "what wa", isWhole: false }, heard: [REQUEST] },
  ],
  ["store-lost-answer", { faults: { share: 100 }, answer: { body: "", isWhole: false }, heard: [REQUEST] }],
  ["store-slow", { faults: { delayMs: 1 }, answer: WHOLE, heard: [REQUEST] }],
])("misbehaves as told: %s", async (kind, { faults, answer, heard: expected }) => {
  proxy.spoil({ kind, ...faults } as StoreFault);
  expect(await put()).toMatchObject(answer);
  expect(heard).toEqual(expected);
  expect([...proxy.done]).toEqual([[kind, 1]]);

  proxy.heal(kind);
  expect(await put()).toEqual(WHOLE);
  expect([...proxy.done]).toEqual([[kind, 1]]);
});

it("spoils nothing of a share of none, and of half of them the same under the same seed", async () => {
  proxy.spoil({ kind: "store-503", share: 0 });
  expect(await put()).toEqual(WHOLE);

  const course = async (seed: string) => {
    const through = await open(seed);
    through.spoil({ kind: "store-503", share: 50 });
    const statuses = [];
    for (let i = 0; i < 20; i += 1) statuses.push((await put(through)).status);
    await through.close();
    return statuses;
  };
  const [once_, again, other] = [await course("7"), await course("7"), await course("8")];
  expect(new Set(once_)).toEqual(new Set([200, 503]));
  expect(again).toEqual(once_);
  expect(other).not.toEqual(once_);
});

it("asks whoever interrupts it before and after the store has done it", async () => {
  const asked: boolean[] = [];
  let letsGo = [true, true];
  proxy.interrupt = ({ method, path, isDone }) => {
    expect({ method, path }).toEqual({ method: "PUT", path: "/bucket/key" });
    asked.push(isDone);
    return Promise.resolve(letsGo[isDone ? 1 : 0]!);
  };
  expect(await put()).toEqual(WHOLE);
  letsGo = [true, false];
  expect(await put()).toEqual({ body: "", isWhole: false });
  letsGo = [false, true];
  expect(await put()).toEqual({ body: "", isWhole: false });
  expect(asked).toEqual([false, true, false, true, false]);
  expect(heard).toEqual([REQUEST, REQUEST]);
});
