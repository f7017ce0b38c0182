import { readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type Fault, MemoryStream } from "@daybook/stream/testing";
import { StreamError } from "../src/port.ts";
import { openSpool, type Spool, type SpoolOptions, type SpoolTrouble } from "../src/spool/spool.ts";
import { removeTemporary, segments, temporary } from "./temporary.ts";
import { contents, drained, QUICK } from "./through-spool.ts";

const partitions = { events: 2, audit: 1 };

/** A stream in memory that is away while told so, and refuses what it is told to refuse. */
class Behind extends MemoryStream {
  isAway = false;
  refuses: (payload: Uint8Array) => boolean = () => false;
  sends = 0;

  override async send(topic: string, partition: number, payloads: readonly Uint8Array[]): Promise<number> {
    this.sends += 1;
    if (this.isAway) throw new StreamError("unavailable", "injected: away");
    if (payloads.some((payload) => this.refuses(payload)))
      throw new StreamError("unavailable", "injected: refused");
    return super.send(topic, partition, payloads);
  }
}

let dir: string;
let behind: Behind;
let spool: Spool;
let troubles: SpoolTrouble[];
const open = async (options: Partial<SpoolOptions> = {}) => {
  spool = await openSpool({
    dir,
    partitions,
    downstream: behind,
    maxBytes: 1_000_000,
    segmentBytes: 1_000,
    pauses: QUICK,
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  });
  return spool;
};
const send = (...values: string[]) =>
  spool.send(
    "events",
    0,
    values.map((value) => Buffer.from(value)),
  );
const there = async (partition = 0) => (await contents(behind, "events", partition)).map(({ text }) => text);
const until = async (is: () => boolean) => {
  while (!is()) await sleep(2);
};
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `message ${from + i}`);

beforeEach(async () => {
  dir = await temporary();
  behind = new Behind();
  troubles = [];
});
afterEach(async () => {
  await spool.close();
  await removeTemporary();
});

describe("while what it forwards to is away, a spool", () => {
  it("takes and keeps what is sent, says so once, and forwards all in order when it is back", async () => {
    behind.isAway = true;
    await open();
    for (const value of numbered(0, 50)) await send(value);
    await until(() => behind.sends > 5);
    expect(await there()).toEqual([]);
    expect(spool.status()[0]).toMatchObject({ unsentEvents: 50, failing: true });
    expect(troubles).toMatchObject([{ topic: "events", partition: 0, error: { code: "unavailable" } }]);

    behind.isAway = false;
    await drained(spool);
    expect(await there()).toEqual(numbered(0, 50));
    expect(spool.status()[0]).toMatchObject({
      unsentEvents: 0,
      unsentBytes: 0,
      forwardedEvents: 50,
      failing: false,
    });
    expect(troubles.slice(1)).toEqual([{ topic: "events", partition: 0, error: undefined }]);
  });

  it("refuses what is more than it may hold, keeps none of it, and takes it when there is room", async () => {
    behind.isAway = true;
    await open({ maxBytes: 500 });
    const large = "x".repeat(200);
    await send(large, "a");
    await expect(spool.send("audit", 0, [Buffer.alloc(300)])).rejects.toMatchObject({
      code: "full",
      retryable: true,
    });
    await expect(send("y".repeat(493))).rejects.toBeInstanceOf(RangeError);
    await send("b");

    behind.isAway = false;
    await drained(spool);
    await spool.send("audit", 0, [Buffer.alloc(300)]);
    await drained(spool);
    expect(await there()).toEqual([large, "a", "b"]);
    expect(await contents(behind, "audit")).toHaveLength(1);
  });

  it("counts what it holds when it is opened again, to the byte, and forgets none of it", async () => {
    behind.isAway = true;
    await open();
    for (const value of numbered(0, 100)) await send(value, `${value} again`);
    const before = spool.status();
    await spool.close();

    await open();
    expect(spool.status().map(({ unsentEvents, unsentBytes }) => ({ unsentEvents, unsentBytes }))).toEqual(
      before.map(({ unsentEvents, unsentBytes }) => ({ unsentEvents, unsentBytes })),
    );
    behind.isAway = false;
    await drained(spool);
    expect(await there()).toEqual(numbered(0, 100).flatMap((value) => [value, `${value} again`]));
    expect(spool.status()[0]).toMatchObject({ unsentEvents: 0, unsentBytes: 0 });
  });

  it("is closed without waiting for it, and nothing of what waits is lost", async () => {
    const never = Promise.withResolvers<number>();
    const asked = Promise.withResolvers<null>();
    const mute = {
      send: () => {
        asked.resolve(null);
        return never.promise;
      },
      range: () => never.promise.then(() => ({ first: 0, next: 0 })),
    };
    await open({ downstream: mute });
    await send("a");
    await asked.promise;
    const waiting = expect(spool.forwarded("events", 0, 1)).rejects.toMatchObject({ code: "closed" });
    await spool.close();
    await waiting;
    await expect(send("late")).rejects.toMatchObject({ code: "closed" });
    await expect(spool.forwarded("events", 0, 1)).rejects.toMatchObject({ code: "closed" });

    never.resolve(0);
    await open();
    await drained(spool);
    expect(await there()).toEqual(["a"]);
  });
});

describe("a spool", () => {
  it.each<Fault>(["lost", "kept"])(
    "forwards a batch again that was %s, and changes no order",
    async (fault) => {
      await open();
      for (const value of numbered(0, 40)) {
        if (value.endsWith("3")) behind.faults.push(fault, fault);
        await send(value, `${value} again`);
      }
      await drained(spool);
      const all = numbered(0, 40).flatMap((value) => [value, `${value} again`]);
      expect([...new Set(await there())]).toEqual(all);
      expect(spool.status()[0]!.forwardFailures).toBeGreaterThan(4);
    },
  );

  it("forwards everything before a message that is never taken, says so, and never passes over it", async () => {
    behind.refuses = (payload) => String(payload) === String(Buffer.from("poison"));
    behind.isAway = true;
    await open();
    await send("a", "b", "poison", "c");
    await spool.send("events", 1, [Buffer.from("beside")]);
    behind.isAway = false;
    await spool.forwarded("events", 0, 2);
    await until(() => troubles.some(({ error }) => String(error).includes("refused")));
    expect(await there()).toEqual(["a", "b"]);
    await spool.forwarded("events", 1, 1);
    await until(() => spool.status()[0]!.failing);
    expect(spool.status()[0]).toMatchObject({ unsentEvents: 2 });

    behind.refuses = () => false;
    await drained(spool);
    expect(await there()).toEqual(["a", "b", "poison", "c"]);
  });

  it("refuses a payload that would be too large downstream, or empty, and no such partition", async () => {
    await open({ maxPayloadBytes: 10 });
    await expect(send("a", "x".repeat(11))).rejects.toBeInstanceOf(RangeError);
    await expect(send("")).rejects.toBeInstanceOf(RangeError);
    await expect(spool.send("events", 2, [Buffer.from("a")])).rejects.toBeInstanceOf(RangeError);
    await expect(spool.forwarded("others", 0, 1)).rejects.toBeInstanceOf(RangeError);
    expect(spool.status()[0]).toMatchObject({ unsentEvents: 0, unsentBytes: 0 });
  });

  it("lets go of the files of what was acknowledged, and of no others", async () => {
    behind.isAway = true;
    await open();
    for (const value of numbered(0, 200)) await send(value.padEnd(90));
    const { length } = await segments(dir, "events-0");
    expect(length).toBeGreaterThan(10);

    behind.isAway = false;
    await drained(spool);
    await until(() => spool.status()[0]!.unsentEvents === 0);
    await spool.close();
    expect(await segments(dir, "events-0")).toHaveLength(1);
  });

  it("says where each event is downstream, whenever it is asked", async () => {
    await behind.send("events", 0, [Buffer.from("somebody else's")]);
    await open();
    const asked = spool.forwarded("events", 0, 3);
    await send("a", "b");
    await send("c");
    expect(await asked).toBe(4);
    expect(await spool.forwarded("events", 0, 1)).toBe(2);
    expect(await spool.forwarded("events", 0, 2)).toBe(3);
    const leaving = new AbortController();
    const left = expect(spool.forwarded("events", 0, 9, leaving.signal)).rejects.toBe("gone");
    leaving.abort("gone");
    await left;

    await spool.close();
    await open();
    await behind.send("events", 0, [Buffer.from("somebody else's")]);
    // What was forwarded before it was opened is below whatever is there now.
    expect(await spool.forwarded("events", 0, 2)).toBe(5);
    await send("d");
    expect(await spool.forwarded("events", 0, 4)).toBe(6);
  });

  it("says how old the oldest unsent is, also after it was opened again", async () => {
    let now = Date.now();
    const options = { now: () => now };
    await open(options);
    expect(spool.unsentSince()).toBeUndefined();
    behind.isAway = true;
    const began = now;
    for (let i = 0; i < 10; i += 1, now += 60_000) await send(`${i}`);
    await spool.send("events", 1, [Buffer.from("younger")]);
    expect(spool.unsentSince()).toEqual(new Date(began));
    await spool.close();

    await open(options);
    expect(spool.unsentSince()).toEqual(new Date(began));
    behind.isAway = false;
    await drained(spool);
    expect(spool.unsentSince()).toBeUndefined();
    behind.isAway = true;
    now += 1_000_000;
    await send("new");
    expect(spool.unsentSince()).toEqual(new Date(now));
  });
});

it("passes over no damaged message, and says that it is damaged", async () => {
  behind.isAway = true;
  await open();
  for (const value of numbered(0, 100)) await send(value);
  const [, damaged] = await segments(dir, "events-0");
  const bytes = await readFile(damaged!);
  bytes[20]! ^= 1;
  await writeFile(damaged!, bytes);
  behind.isAway = false;
  await until(() => troubles.some(({ error }) => error instanceof StreamError && error.code === "corrupt"));
  const kept = await there();
  expect(kept.length).toBeGreaterThan(0);
  expect(kept).toEqual(numbered(0, kept.length));
});
