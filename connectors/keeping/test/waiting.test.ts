import { BackOff, Lane, waitAfter } from "../src/index.ts";

it("waits twice as long each time, and never longer than the most", () => {
  const waits = { firstMs: 10, mostMs: 50 };
  expect([0, 1, 2, 3, 10_000].map((attempts) => waitAfter(attempts, waits))).toEqual([10, 20, 40, 50, 50]);
});

it("ends a wait at once when it is not wanted any more", async () => {
  const stopping = new AbortController();
  const waiting = new BackOff({ firstMs: 2 ** 30, mostMs: 2 ** 30 }).wait(stopping.signal);
  stopping.abort();
  await waiting;
});

it("does one thing after another, also after one that failed", async () => {
  const lane = new Lane();
  const done: string[] = [];
  const first = Promise.withResolvers<undefined>();
  const one = lane.run(() => first.promise.then(() => done.push("first")));
  const two = lane.run(() => Promise.reject(new Error("the second fails")));
  const three = lane.run(() => Promise.resolve(done.push("third")));
  const settled = Promise.allSettled([one, two, three]);
  first.resolve(undefined);

  expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  await lane.idle();
  expect(done).toEqual(["first", "third"]);
});
