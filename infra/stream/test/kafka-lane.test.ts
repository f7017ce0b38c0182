import { setImmediate } from "node:timers/promises";
import { Lane } from "../src/kafka/lane.ts";
import { StreamError } from "../src/port.ts";

/** A partition that writes when it is told to, and counts what is out. */
class Partition {
  readonly batches: string[][] = [];
  readonly waiting: { go: () => void; fail: (error: Error) => void }[] = [];
  next = 0;
  readonly deliver = (payloads: readonly Uint8Array[]): Promise<number> => {
    this.batches.push(payloads.map(String));
    return new Promise<void>((go, fail) => this.waiting.push({ go, fail })).then(() => {
      const first = this.next;
      this.next += payloads.length;
      return first;
    });
  };
}

const QUEUE_BYTES = 10_000;

describe("the way to one partition", () => {
  let partition: Partition;
  let lane: Lane;
  beforeEach(() => {
    partition = new Partition();
    lane = new Lane(
      (payloads) => partition.deliver(payloads.map((payload) => Buffer.from(payload))),
      QUEUE_BYTES,
    );
  });
  const send = (...values: string[]) => lane.send(values.map((value) => Buffer.from(value)));
  const answer = async () => {
    partition.waiting.shift()?.go();
    await setImmediate();
  };

  it("has one batch out, and groups into the next what is sent meanwhile", async () => {
    const sent = [send("a"), send("b1", "b2"), send("c")];
    await setImmediate();
    expect(partition.batches).toEqual([["a"]]);

    await answer();
    expect(partition.batches).toEqual([["a"], ["b1", "b2", "c"]]);
    await answer();
    expect(await Promise.all(sent)).toEqual([0, 1, 3]);
  });

  it("refuses what waited behind a batch that failed, and sends what comes after", async () => {
    const sent = Promise.allSettled([send("a"), send("b")]);
    await setImmediate();
    partition.waiting.shift()?.fail(new StreamError("unavailable", "injected"));
    expect(await sent).toMatchObject([
      { reason: { code: "unavailable" } },
      { reason: { code: "unavailable" } },
    ]);

    const later = send("c");
    await answer();
    expect(await later).toBe(0);
    expect(partition.batches).toEqual([["a"], ["c"]]);
  });

  it("refuses at once what would be too much to hold, and takes it when there is room", async () => {
    const large = "x".repeat(QUEUE_BYTES - 1);
    const first = send(large);
    await expect(send("yy")).rejects.toMatchObject({ code: "unavailable", retryable: true });

    await answer();
    await first;
    const second = send("yy");
    await answer();
    expect(await second).toBe(1);
  });

  it("sends what it took before it closes, and takes no more", async () => {
    const sent = [send("a"), send("b")];
    const closing = lane.close();
    await expect(send("late")).rejects.toMatchObject({ code: "closed" });

    await answer();
    await answer();
    await closing;
    expect(await Promise.all(sent)).toEqual([0, 1]);
  });
});
