import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type ApiClient,
  apiClient,
  createApi,
  createLogger,
  listen,
  type Listening,
  type Principal,
  type Route,
  SERVICE,
} from "@daybook/runtime";
import { describeRights } from "@daybook/runtime/testing";
import { type FakeWitness, startFakeWitness } from "../../../test/fakes/witness.ts";
import { attestations, runWitnessing } from "../src/index.ts";
import { witnessingRoutes } from "../src/routes.ts";
import { type Rig, rig } from "./support/rig.ts";

describeRights(
  "the witnessing service",
  witnessingRoutes({} as never, async () => []),
);

const log = createLogger("api", "fatal", { stream: new PassThrough().resume() });

describe("runWitnessing", () => {
  let witness: FakeWitness;
  let made: Rig;
  let stopping: AbortController;
  let lived: Promise<void>;
  let server: Listening;
  let client: ApiClient;

  beforeEach(async () => {
    witness = await startFakeWitness();
    made = await rig([witness], { patienceMs: 300 });
    stopping = new AbortController();
    let mounted: readonly Route[] = [];
    lived = runWitnessing({ ...made.options, mount: (routes) => (mounted = routes) }, stopping.signal);
    const service: Principal = { id: "evidence", name: "evidence", kind: "machine", roles: [SERVICE] };
    const authenticator = { authenticate: () => Promise.resolve(service) };
    server = await listen(
      createApi({ title: "witnessing", version: "0", routes: mounted, log, authenticator }),
      {
        port: 0,
      },
    );
    client = apiClient({ url: server.url, token: "t" });
  });
  afterEach(async () => {
    stopping.abort();
    await lived;
    client.close();
    await server.close({ graceMs: 0 });
    await witness.stop();
  });

  const attest = () => client.call("post", "/internal/v1/attest", { response: attestations });

  it("has checkpoints witnessed as they come, and says so to staff", async () => {
    await made.log.grow(10);
    while ((await made.witnessed())?.size !== 10) await sleep(10);
    await made.log.grow(1);
    while ((await made.witnessed())?.size !== 11) await sleep(10);

    expect((await made.witnessed())?.size).toBe(11);
  });

  it("answers an export with what there is and what there is not", async () => {
    expect(await attest()).toEqual({ shards: [], witnesses: [witness.vkey], tsaCa: null });
    witness.spoil = () => true;
    await made.log.grow(10);
    const { note, size } = await made.log.published();
    expect((await attest()).shards).toEqual([
      {
        shard: "0",
        note,
        size,
        stamp: null,
        missing: [`the witness ${witness.name} did not sign: unavailable`],
      },
    ]);
    witness.spoil = undefined;
    expect((await attest()).shards).toEqual([
      expect.objectContaining({ note: (await made.witnessed())?.note, size, missing: [] }),
    ]);
  });

  it("goes on after a store that does not answer", async () => {
    await made.log.grow(10);
    made.log.stores.heads.fail("read", "lost", "lost", "lost");
    while ((await made.witnessed().catch(() => undefined))?.size !== 10) await sleep(10);
  });
});

describe("settings", () => {
  it.each<[string, (options: Rig["options"]) => Partial<Rig["options"]>]>([
    ["a quorum of more than there are", () => ({ quorum: 2 })],
    ["a quorum of none", () => ({ quorum: 0 })],
    ["a witness twice", ({ witnesses }) => ({ witnesses: [...witnesses, ...witnesses] })],
    ["a key that is none", () => ({ witnesses: [{ url: "https://w.example", vkey: "x" }] })],
    ["an address that is none", ({ witnesses }) => ({ witnesses: [{ ...witnesses[0]!, url: "w.example" }] })],
    [
      "an address of another kind",
      ({ witnesses }) => ({ witnesses: [{ ...witnesses[0]!, url: "file:///etc" }] }),
    ],
    ["an address with a password", () => ({ tsa: { url: "https://a:b@tsa.example" } })],
    ["certificates that are none", () => ({ tsa: { url: "https://tsa.example", ca: "x" } })],
  ])("with %s are refused", async (_, change) => {
    const witness = await startFakeWitness();
    const { options } = await rig([witness]);
    await witness.stop();
    const wrong = { ...options, ...change(options), mount: () => undefined };

    await expect(runWitnessing(wrong, AbortSignal.abort())).rejects.toMatchObject({ code: "bad-settings" });
  });
});
