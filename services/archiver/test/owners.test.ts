import { setTimeout as sleep } from "node:timers/promises";
import { headKey } from "@daybook/archive-core";
import { TOPICS } from "@daybook/contract";
import { apiClient, createApi, listen, Metrics, SERVICE } from "@daybook/runtime";
import { HandGroup } from "@daybook/stream/testing";
import { ArchiverProgress, archiverRoutes } from "../src/index.ts";
import { makeRig, type Rig, type Running, SHARD } from "./support/rig.ts";

const PLACE = { topic: TOPICS.events, partition: 0 };
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

let rig: Rig;
beforeEach(async () => {
  rig = await makeRig();
});

/** An archiver that is in a group. */
function member(more = {}): Running & { group: HandGroup } {
  const group = new HandGroup();
  return { ...rig.start({ group, progress: new ArchiverProgress([SHARD]), ...more }), group };
}

const isRunning = async ({ progress }: Running) => {
  while (!progress.status(SHARD).running) await sleep(2);
};

describe("an archiver in a group", () => {
  it("archives what it is given, and nothing else", async () => {
    const metrics = new Metrics();
    const one = member({ metrics });
    await rig.send(numbers(0, 10));
    await sleep(100);
    expect(one.progress.status(SHARD)).toMatchObject({ running: false, owned: false, settled: 0 });
    expect(metrics.render()).toContain('daybook_archiver_shard_owned{shard="0"} 0');
    expect(rig.stores.heads.objects.has(headKey(SHARD))).toBe(false);

    one.group.give(PLACE);
    await isRunning(one);
    await one.until(10);
    expect(one.progress.status(SHARD)).toMatchObject({ running: true, owned: true });
    expect(metrics.render()).toContain('daybook_archiver_shard_owned{shard="0"} 1');
    await one.stop();
    expect(one.progress.status(SHARD)).toMatchObject({ running: false, owned: false });
  });

  it("leaves a shard to another as it is handed to and fro under way, and nothing is lost or doubled", async () => {
    const [one, two] = [member(), member()];
    for (let turn = 0; turn < 12; turn += 1) {
      const [from, to] = turn % 2 === 0 ? [two, one] : [one, two];
      await rig.send([...numbers(turn * 20, turn * 20 + 20), Math.max(0, turn * 20 - 7)]);
      // Every third time both have it for a while.
      if (turn % 3 === 0) to.group.give(PLACE);
      await sleep(15);
      from.group.take(PLACE);
      if (turn % 3 !== 0) to.group.give(PLACE);
      await sleep(10);
    }
    const { next } = await rig.stream.range(TOPICS.events, 0);
    await isRunning(two);
    await two.until(next);
    await Promise.all([one.stop(), two.stop()]);

    expect((await rig.archived()).toSorted((a, b) => a - b)).toEqual(numbers(0, 240));
    expect(rig.catalogue.ids(SHARD)).toEqual((await rig.records()).map((r) => r.id));
  });

  it("sends on who asks for a shard that it has not, or waits for one that it loses, with a code of its own", async () => {
    const group = new HandGroup();
    group.give(PLACE);
    const options = rig.options({ group });
    const running = rig.start(options);
    const app = createApi({
      title: "t",
      version: "1",
      routes: archiverRoutes(options),
      authenticator: {
        authenticate: () => Promise.resolve({ id: "s", name: "S", kind: "machine", roles: [SERVICE] }),
      },
      log: options.log,
    });
    const api = await listen(app, { port: 0 });
    const client = apiClient({ url: api.url, token: "t" });
    const ask = (offset: number) =>
      client.call("post", "/internal/v1/archived", { body: { shard: SHARD, offset, flush: false } });
    await isRunning(running);
    await ask(await rig.send([1]));
    const waiting = expect(ask(5)).rejects.toMatchObject({ code: "not-owner", status: 421 });
    await sleep(100);
    // Its last segment cannot be finished: who waits does not have to.
    rig.stores.heads.hook = ({ operation }) =>
      operation === "replace" ? new Promise(() => undefined) : undefined;
    await rig.send([2]);
    group.take(PLACE);
    await waiting;
    await expect(ask(1)).rejects.toMatchObject({ code: "not-owner", status: 421 });
    const { shards } = (await client.call("get", "/internal/v1/shards")) as { shards: unknown[] };
    expect(shards).toMatchObject([{ shard: SHARD, owned: false }]);

    client.close();
    await api.close();
  });

  it("stops a shard that is damaged alone, and says so, while the rest goes on", async () => {
    const metrics = new Metrics();
    const group = new HandGroup();
    group.give(PLACE, { topic: TOPICS.audit, partition: 0 });
    const [events] = rig.options().shards;
    const { signerOf } = await import("./support/keys.ts");
    const shards = [
      events!,
      { shard: "audit", topic: TOPICS.audit, partition: 0, signer: signerOf("audit"), lingerMs: 5 },
    ];
    await rig.stores.heads.put(headKey("audit"), Buffer.from("damaged"));
    const progress = new ArchiverProgress([SHARD, "audit"]);
    const running = rig.start({ group, shards, progress, metrics });
    while (progress.status("audit").blocked === undefined) await sleep(2);
    await running.until(await rig.send(numbers(0, 10)));

    expect(progress.status("audit")).toMatchObject({ running: false, owned: true, blocked: "corrupt" });
    expect(metrics.render()).toContain('daybook_archiver_shard_needs_operator{shard="audit"} 1');
    await running.stop();
    expect(await rig.archived()).toEqual(numbers(0, 10));
  });
});
