import { setTimeout as sleep } from "node:timers/promises";
import { placeKey, placesOf, type StreamGroup } from "../src/group.ts";

/** What every group under test shares. */
export const GROUP_PARTITIONS = { "daybook.events": 4, "daybook.audit": 1 };
const ALL = placesOf(GROUP_PARTITIONS).map(placeKey).sort();

/** A group under test, made anew for each. */
export interface GroupUnderTest {
  /** Another process's part in the same group. */
  member(): StreamGroup;
  remove(): Promise<void>;
}

/** A member at work: what it has, and what became of it. */
export class TestMember {
  readonly has = new Set<string>();
  /** How often each partition was begun. */
  readonly begun = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly done: Promise<void>;
  /** Awaited by each work after its signal. */
  lingers: () => Promise<void> = () => Promise.resolve();
  /** Rejects the work of this partition. */
  fail: (key: string, error: Error) => void = () => undefined;

  constructor(group: StreamGroup) {
    const broken = new Map<string, (error: Error) => void>();
    this.fail = (key, error) => broken.get(key)?.(error);
    this.done = group.share(async (topic, partition, signal) => {
      const key = placeKey({ topic, partition });
      if (this.has.has(key)) throw new Error(`${key} is worked on twice`);
      this.has.add(key);
      this.begun.set(key, (this.begun.get(key) ?? 0) + 1);
      try {
        await new Promise<void>((resolve, reject) => {
          broken.set(key, reject);
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        await this.lingers();
      } finally {
        this.has.delete(key);
      }
    }, this.#stopping.signal);
    this.done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.done;
  }
}

/** Waits until the members have every partition between them, each once, and as evenly as can be. */
export async function untilShared(...members: readonly TestMember[]): Promise<void> {
  const isEven = () => {
    const sizes = members.map(({ has }) => has.size);
    return Math.max(...sizes) - Math.min(...sizes) <= 1;
  };
  const held = () => members.flatMap(({ has }) => [...has]).sort();
  while (held().join() !== ALL.join() || !isEven()) await sleep(20);
}

/** The promises of `StreamGroup` to a single process, as tests. */
export function describeGroup(name: string, start: () => Promise<GroupUnderTest>): void {
  describe(`${name} keeps the group's promises`, () => {
    let group: GroupUnderTest;
    beforeEach(async () => {
      group = await start();
    });
    afterEach(() => group.remove());

    it("gives a process that is alone everything, and takes it when it stops", async () => {
      const member = new TestMember(group.member());
      await untilShared(member);
      await member.stop();

      expect(member.has.size).toBe(0);
      expect([...member.begun.values()]).toEqual(ALL.map(() => 1));
    });

    it("waits for work that takes its time to stop", async () => {
      const member = new TestMember(group.member());
      await untilShared(member);
      const held: PromiseWithResolvers<void> = Promise.withResolvers();
      member.lingers = () => held.promise;
      let isOver = false;
      const stopped = member.stop().then(() => (isOver = true));
      await sleep(100);
      expect([isOver, member.has.size]).toEqual([false, ALL.length]);
      held.resolve();
      await stopped;

      expect(member.has.size).toBe(0);
    });

    it("rejects with what a work rejects with, after it has stopped the rest", async () => {
      const member = new TestMember(group.member());
      await untilShared(member);
      member.fail(ALL[2]!, new Error("broken"));

      await expect(member.done).rejects.toThrow("broken");
      expect(member.has.size).toBe(0);
    });

    it("begins nothing for who has stopped before", async () => {
      const begun: string[] = [];
      const work = async (topic: string) => void begun.push(topic);
      await group.member().share(work, AbortSignal.abort());

      expect(begun).toEqual([]);
    });

    it("leaves work that ends by itself ended", async () => {
      let begun = 0;
      const stopping = new AbortController();
      const done = group.member().share(async () => void (begun += 1), stopping.signal);
      while (begun < ALL.length) await sleep(20);
      await sleep(100);
      stopping.abort();
      await done;

      expect(begun).toBe(ALL.length);
    });
  });
}
