import { decodeBundle, leafHash, openCheckpoint, parseVkey, Prover } from "@daybook/archive-core";
import {
  type ApiClient,
  apiClient,
  createApi,
  type Listening,
  listen,
  type Principal,
  SERVICE,
} from "@daybook/runtime";
import { archiverRoutes, shardReport } from "../src/index.ts";
import { signerOf } from "./support/keys.ts";
import { makeRig, type Rig, type Running, SHARD } from "./support/rig.ts";

let rig: Rig;
let running: Running;
let api: Listening;
let clients: ApiClient[];

const WHO: Record<string, Principal> = {
  service: { id: "s", name: "Service", kind: "machine", roles: [SERVICE] },
  auditor: { id: "a", name: "Auditor", kind: "person", roles: ["auditor"] },
  custodian: { id: "c", name: "Custodian", kind: "person", roles: ["custodian"] },
};

beforeEach(async () => {
  rig = await makeRig();
  const options = rig.options();
  running = rig.start({ progress: options.progress });
  const app = createApi({
    title: "t",
    version: "1",
    routes: archiverRoutes(options),
    authenticator: { authenticate: (token) => Promise.resolve(WHO[token]) },
    log: options.log,
  });
  api = await listen(app, { port: 0 });
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await running.stop();
  await api.close();
});

function as(token: string): ApiClient {
  const client = apiClient({ url: api.url, token });
  clients.push(client);
  return client;
}

async function file(path: string): Promise<Buffer> {
  const { body } = await as("auditor").download(path);
  return Buffer.concat((await body.toArray()) as Buffer[]);
}

describe("the internal routes", () => {
  it("answer once what was asked for is archived, at once when asked to flush", async () => {
    const offset = await rig.send([1, 2, 3]);
    await as("service").call("post", "/internal/v1/archived", {
      body: { shard: SHARD, offset, flush: true },
    });

    expect(await rig.archived()).toEqual([1, 2, 3]);
    const { shards } = (await as("service").call("get", "/internal/v1/shards")) as { shards: unknown[] };
    expect(shardReport.parse(shards[0])).toMatchObject({
      shard: SHARD,
      running: true,
      size: 3,
      settled: 3,
      lag: 0,
      position: { id: rig.stream.id, partition: 0, offset: 3 },
    });
  });

  it("say how far the archiver is behind", async () => {
    rig.stores.records.hook = () => new Promise(() => undefined);
    await rig.send([1, 2, 3]);
    const { shards } = (await as("service").call("get", "/internal/v1/shards")) as { shards: unknown[] };

    expect(shards[0]).toMatchObject({ lag: 3, position: null });
    rig.stores.records.hook = undefined;
    running = rig.start();
  });

  it("refuse a shard that there is not, and everybody but services", async () => {
    const body = { shard: "9", offset: 1, flush: false };
    await expect(as("service").call("post", "/internal/v1/archived", { body })).rejects.toMatchObject({
      code: "unknown-shard",
      status: 404,
    });
    for (const who of ["auditor", "custodian"]) {
      await expect(as(who).call("get", "/internal/v1/shards")).rejects.toMatchObject({ status: 403 });
    }
  });

  it("tell who waits when the archiver stops", async () => {
    const waiting = as("service").call("post", "/internal/v1/archived", {
      body: { shard: SHARD, offset: 5 },
    });
    const outcome = expect(waiting).rejects.toMatchObject({ code: "archiver-stopped", status: 503 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await running.stop();
    await outcome;
  });
});

describe("the log's files", () => {
  it("prove every entry to somebody who has nothing but them and the verifier key", async () => {
    await running.until(await rig.send(Array.from({ length: 300 }, (_, i) => i)));
    const note = (await file(`/api/v1/log/${SHARD}/checkpoint`)).toString();
    const { size, root } = openCheckpoint(note, parseVkey(signerOf(SHARD).vkey));
    const read = (path: string) => file(`/api/v1/log/${SHARD}/${path}`);

    expect(size).toBe(300);
    expect(await new Prover(size, read).root()).toEqual(root);
    const entries = decodeBundle(await read("tile/entries/001.p/44"));
    const hashes = await read("tile/0/001.p/44");
    expect(Buffer.concat(entries.map(leafHash))).toEqual(hashes);
  });

  it.each([
    "tile/0/007",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/64/000",
    "tile/0/x001/../000",
    "tile/entries/0",
    "tile/0/000.p/1/2",
    "tile/head",
  ])("do not include %s", async (path) => {
    await running.until(await rig.send([1]));

    await expect(file(`/api/v1/log/${SHARD}/${path}`)).rejects.toMatchObject({ status: 404 });
  });

  it("are there before anything is, as files that are missing", async () => {
    await expect(file(`/api/v1/log/${SHARD}/checkpoint`)).rejects.toMatchObject({ code: "no-such-file" });
  });

  it("are not for custodians", async () => {
    await expect(as("custodian").download(`/api/v1/log/${SHARD}/checkpoint`)).rejects.toMatchObject({
      status: 403,
    });
  });
});
