import { setTimeout as sleep } from "node:timers/promises";
import { checkpointSigner } from "@daybook/archive-core";
import { Metrics } from "@daybook/runtime";
import { MemoryStream } from "@daybook/stream/testing";
import { ArchiverProgress } from "../src/index.ts";
import { watchLag } from "../src/watch-lag.ts";

const shards = ["0", "1"].map((shard, partition) => ({
  shard,
  topic: "events",
  partition,
  signer: checkpointSigner(`dept.example/${shard}`, Buffer.alloc(32, 3)),
  lingerMs: 5,
}));

it("shows how far the shards it has are behind, and nothing of the others", async () => {
  const stream = new MemoryStream();
  const progress = new ArchiverProgress(["0", "1"]);
  const metrics = new Metrics();
  const stopping = new AbortController();
  const lagOf = (shard: string) =>
    new RegExp(`^daybook_archiver_lag_events{shard="${shard}"} (\\d+)$`, "m").exec(metrics.render())?.[1];
  const shows = async (zero: string, one: string) => {
    while (lagOf("0") !== zero || lagOf("1") !== one) await sleep(2);
  };
  for (const partition of [0, 1]) {
    await stream.send(
      "events",
      partition,
      Array.from({ length: 10 }, () => Buffer.from("a")),
    );
  }
  const [own, other] = [progress.reporter("0"), progress.reporter("1")];
  own.own(true);
  other.own(false);
  own.start(4, 4, undefined, () => undefined);

  const watching = watchLag({ shards, stream, progress, metrics }, stopping.signal, 2);
  await shows("6", "0");
  own.settle(10);
  await shows("0", "0");
  await stream.send("events", 0, [Buffer.from("a")]);
  await shows("1", "0");
  own.own(false);
  other.own(true);
  other.start(0, 0, undefined, () => undefined);
  await shows("0", "10");

  // A stream that does not answer holds up no stop.
  stream.range = () => new Promise(() => undefined);
  stopping.abort();
  await watching;
});
