import { PassThrough } from "node:stream";
import {
  createApi,
  createLogger,
  listen,
  type Listening,
  ProblemError,
  route,
  SERVICE,
} from "@daybook/runtime";
import { z } from "zod";
import { archiversClient } from "../src/run/archivers.ts";

const log = createLogger("test", "info", { stream: new PassThrough() });
const listening: Listening[] = [];
const clients: { close(): void }[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(listening.splice(0).map((one) => one.close({ graceMs: 0 })));
});

/** An archiver that has one of the shards, and what it was asked. */
async function archiver(own: () => readonly string[], asked: string[] = []): Promise<string> {
  const report = (shard: string) => ({
    shard,
    owned: own().includes(shard),
    running: own().includes(shard),
    blocked: null,
    size: own().includes(shard) ? 7 : 0,
    position: null,
    settled: 0,
    lag: 0,
    parked: 0,
    gaps: 0,
    duplicates: 0,
  });
  const app = createApi({
    title: "archiver",
    version: "0",
    log,
    authenticator: {
      authenticate: () => Promise.resolve({ id: "s", name: "s", kind: "machine", roles: [SERVICE] }),
    },
    routes: [
      route({
        method: "post",
        path: "/internal/v1/archived",
        action: "internal",
        summary: "waits",
        body: z.object({ shard: z.string(), offset: z.int(), flush: z.boolean() }),
        handle: ({ body }) => {
          asked.push(body.shard);
          if (body.offset < 0) throw new ProblemError(400, "invalid-request", "no");
          if (!own().includes(body.shard)) throw new ProblemError(421, "not-owner", "another has it");
          return Promise.resolve(undefined);
        },
      }),
      route({
        method: "get",
        path: "/internal/v1/shards",
        action: "internal",
        summary: "says",
        response: z.object({ shards: z.array(z.any()) }),
        handle: () => Promise.resolve({ shards: ["0", "1"].map(report) }),
      }),
    ],
  });
  const at = await listen(app, { port: 0 });
  listening.push(at);
  return at.url;
}

function clientOf(...urls: string[]) {
  const client = archiversClient({ urls, token: "t", ca: undefined });
  clients.push(client);
  return client;
}
const wait = (client: ReturnType<typeof clientOf>, shard: string, offset = 1) =>
  client.call("post", "/internal/v1/archived", { body: { shard, offset, flush: true } });

describe("the archivers of a deployment, as one", () => {
  it("answer through whoever has the shard, also where one of them is gone", async () => {
    const asked: string[] = [];
    const client = clientOf(
      "http://127.0.0.1:1",
      await archiver(() => ["0"]),
      await archiver(() => ["1"], asked),
    );
    await wait(client, "1");
    expect(asked).toEqual(["1"]);
  });

  it("are asked again while a shard moves", async () => {
    let own: string[] = [];
    const client = clientOf(await archiver(() => own));
    const waiting = wait(client, "1");
    setTimeout(() => (own = ["1"]), 300);
    await waiting;
  });

  it("pass on what the owner refuses, at once", async () => {
    const client = clientOf(await archiver(() => []), await archiver(() => ["0"]));
    await expect(wait(client, "0", -1)).rejects.toMatchObject({ status: 400 });
  });

  it("stop being asked when the signal says so", async () => {
    const client = clientOf(await archiver(() => []));
    const stop = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => stop.abort(reason), 200);
    const options = { body: { shard: "0", offset: 1, flush: true }, signal: stop.signal };
    await expect(client.call("post", "/internal/v1/archived", options)).rejects.toBe(reason);
  });

  it("say of each shard what its owner says", async () => {
    const client = clientOf(await archiver(() => ["0"]), await archiver(() => ["1"]), "http://127.0.0.1:1");
    const answer = await client.call("get", "/internal/v1/shards");
    expect(answer).toMatchObject({
      shards: [
        { shard: "0", size: 7 },
        { shard: "1", size: 7 },
      ],
    });
  });

  it("are no server when none of them answers", async () => {
    await expect(clientOf("http://127.0.0.1:1").call("get", "/internal/v1/shards")).rejects.toMatchObject({
      code: "no-server",
    });
  });
});
