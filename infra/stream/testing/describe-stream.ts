import type { StreamMessage, StreamProducer, StreamReader } from "../src/port.ts";
import type { Fault } from "./memory-stream.ts";

type Opened = StreamProducer & StreamReader & { close(): Promise<void> };

/** The partitions that the suite writes to. */
export const SUITE_PARTITIONS = { "suite.events": 2, "suite.audit": 1 } as const;

/** A stream that an implementation offers to the suite: empty at first, with `SUITE_PARTITIONS`. */
export interface StreamUnderTest {
  /** Opens it, also again after `close`, with all that it held. One at a time. */
  open(): Promise<Opened>;
  /** Breaks the next write, of whatever partition: the send that needs it fails, and may go on failing until reopened. */
  fail(fault: Fault): void;
  /** Lets go of at least one message of the partition, and of none from `before` on. It holds 100 of 100 bytes. */
  forget(topic: string, partition: number, before: number): Promise<void>;
  /** Ends it and removes what it held. */
  remove(): Promise<void>;
}

const EVENTS = "suite.events";
const AUDIT = "suite.audit";
const ALL = { maxMessages: 1_000, maxBytes: 1024 * 1024 };

/** The promises of the ports, as tests. Every implementation runs them. */
export function describeStream(name: string, makeStream: () => Promise<StreamUnderTest>): void {
  describe(`${name} keeps the stream contract`, () => {
    let held: StreamUnderTest;
    let stream: Opened;
    beforeEach(async () => {
      held = await makeStream();
      stream = await held.open();
    });
    afterEach(async () => {
      await stream.close();
      await held.remove();
    });
    const reopen = async () => {
      await stream.close();
      stream = await held.open();
    };
    const next = async () => (await stream.range(EVENTS, 0)).next;

    it("keeps the payloads of a send in order, and answers with the offset of the first", async () => {
      const first = await stream.send(EVENTS, 0, texts("a", "b", "c"));
      const second = await stream.send(EVENTS, 0, texts("d"));

      const messages = await collect(stream, EVENTS, 0, first, 4);
      expect(messages.map(text)).toEqual(["a", "b", "c", "d"]);
      expect(messages[0]!.offset).toBe(first);
      expect(messages[3]!.offset).toBe(second);
    });

    it("keeps every byte of a payload", async () => {
      const payloads = [
        Uint8Array.of(0),
        Uint8Array.from({ length: 256 }, (_, i) => i),
        new Uint8Array(900_000).fill(0x80),
      ];
      const first = await stream.send(EVENTS, 0, payloads);

      const messages = await collect(stream, EVENTS, 0, first, 3);
      expect(messages.map(({ payload }) => Buffer.from(payload).equals(payloads.shift()!))).toEqual([
        true,
        true,
        true,
      ]);
    });

    it("keeps partitions and topics apart", async () => {
      const places = [
        [EVENTS, 0],
        [EVENTS, 1],
        [AUDIT, 0],
      ] as const;
      const firsts = await Promise.all(places.map(([t, p]) => stream.send(t, p, texts(`${t}/${p}`))));

      for (const [i, [t, p]] of places.entries()) {
        expect((await collect(stream, t, p, firsts[i]!, 1)).map(text)).toEqual([`${t}/${p}`]);
        expect((await stream.range(t, p)).next).toBe(firsts[i]! + 1);
      }
    });

    it("keeps what concurrent producers send, once and in each one's order, at the offsets it answers", async () => {
      const start = await next();
      const acknowledged = new Map<number, string>();
      await Promise.all(
        Array.from({ length: 32 }, async (_, producer) => {
          for (let i = 0; i < 10; i += 1) {
            const sent = [`${producer}:${2 * i}`, `${producer}:${2 * i + 1}`];
            const offset = await stream.send(EVENTS, 0, texts(...sent));
            acknowledged.set(offset, sent[0]!);
          }
        }),
      );

      const messages = await collect(stream, EVENTS, 0, start, 640);
      const kept = messages.map(text);
      expect(new Set(kept).size).toBe(640);
      for (let producer = 0; producer < 32; producer += 1) {
        const own = kept.filter((value) => value.startsWith(`${producer}:`));
        expect(own).toEqual(Array.from({ length: 20 }, (_, i) => `${producer}:${i}`));
      }
      const at = new Map(messages.map((message) => [message.offset, text(message)]));
      for (const [offset, value] of acknowledged) expect(at.get(offset)).toBe(value);
    });

    it("reads from any offset that it holds", async () => {
      const sent = numbered(50);
      const first = await stream.send(EVENTS, 0, texts(...sent));
      const all = await collect(stream, EVENTS, 0, first, 50);

      for (const [i, { offset }] of all.entries()) {
        expect((await collect(stream, EVENTS, 0, offset, 1)).map(text)).toEqual([sent[i]]);
      }
    });

    it("hands out offsets that rise, in batches no larger than asked for", async () => {
      const first = await stream.send(
        EVENTS,
        0,
        Array.from({ length: 20 }, (_, i) => Buffer.alloc(100, i)),
      );

      for (const [limits, most] of [
        [{ maxMessages: 3, maxBytes: 1_000_000 }, 3],
        [{ maxMessages: 100, maxBytes: 250 }, 2],
        [{ maxMessages: 100, maxBytes: 10 }, 1],
      ] as const) {
        const stopping = new AbortController();
        const batches: (readonly StreamMessage[])[] = [];
        for await (const batch of stream.read(EVENTS, 0, first, limits, stopping.signal)) {
          batches.push(batch);
          if (batches.flat().length >= 20) stopping.abort();
        }
        expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(most);
        const offsets = batches.flat().map(({ offset }) => offset);
        expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
        expect(batches.flat().map(({ payload }) => payload[0])).toEqual(
          Array.from({ length: 20 }, (_, i) => i),
        );
      }
    });

    it("hands a waiting reader what is sent later", async () => {
      const start = await next();
      const waiting = collect(stream, EVENTS, 0, start, 3);
      for (const value of ["a", "b", "c"]) await stream.send(EVENTS, 0, texts(value));

      expect((await waiting).map(text)).toEqual(["a", "b", "c"]);
    });

    it("serves several readers, each at its own pace", async () => {
      const start = await next();
      const readers = Array.from({ length: 5 }, () => collect(stream, EVENTS, 0, start, 40));
      for (const value of numbered(40)) await stream.send(EVENTS, 0, texts(value));

      for (const messages of await Promise.all(readers)) expect(messages.map(text)).toEqual(numbered(40));
    });

    it("ends a read when its signal aborts, waiting or not", async () => {
      const start = await next();
      const waiting = new AbortController();
      const ended = drain(stream.read(EVENTS, 0, start, ALL, waiting.signal));
      waiting.abort();
      expect(await ended).toEqual([]);

      await stream.send(EVENTS, 0, texts("a"));
      expect(await drain(stream.read(EVENTS, 0, start, ALL, AbortSignal.abort()))).toEqual([]);
      expect((await collect(stream, EVENTS, 0, start, 1)).map(text)).toEqual(["a"]);
    });

    it("refuses to read what lies in the future", async () => {
      await stream.send(EVENTS, 0, texts("a"));
      const from = (await next()) + 1;

      await expect(collect(stream, EVENTS, 0, from, 1)).rejects.toMatchObject({
        code: "out-of-range",
        retryable: false,
      });
    });

    it("refuses to read what it has let go of, and goes on with what it keeps", async () => {
      const payloads = Array.from({ length: 100 }, (_, i) => Buffer.alloc(100, i));
      const offsets: number[] = [];
      for (const payload of payloads) offsets.push(await stream.send(EVENTS, 0, [payload]));
      await held.forget(EVENTS, 0, offsets[60]!);

      const { first, next: end } = await stream.range(EVENTS, 0);
      expect(first).toBeGreaterThan(offsets[0]!);
      expect(first).toBeLessThanOrEqual(offsets[60]!);
      expect(end).toBeGreaterThan(offsets[99]!);
      await expect(collect(stream, EVENTS, 0, offsets[0]!, 1)).rejects.toMatchObject({
        code: "out-of-range",
      });
      const kept = await collect(stream, EVENTS, 0, offsets[60]!, 40);
      expect(kept.map(({ payload }) => payload[0])).toEqual(Array.from({ length: 40 }, (_, i) => 60 + i));
    });

    it("has the same id, offsets and messages after it is opened again", async () => {
      const { id } = stream;
      const first = await stream.send(EVENTS, 0, texts(...numbered(10)));
      const before = await collect(stream, EVENTS, 0, first, 10);
      await reopen();

      expect(stream.id).toBe(id);
      const after = await collect(stream, EVENTS, 0, first, 10);
      expect(after.map(({ offset }) => offset)).toEqual(before.map(({ offset }) => offset));
      expect(after.map(text)).toEqual(numbered(10));
      expect(await stream.send(EVENTS, 0, texts("more"))).toBeGreaterThan(after.at(-1)!.offset);
    });

    it("takes nothing once it is closed", async () => {
      await stream.close();

      await expect(stream.send(EVENTS, 0, texts("late"))).rejects.toMatchObject({ code: "closed" });
      stream = await held.open();
    });

    it.each<Fault>(["lost", "kept"])(
      "loses and reorders nothing when a write is %s and then repeated",
      async (fault) => {
        const start = await next();
        await stream.send(EVENTS, 0, texts("a"));
        held.fail(fault);
        await expect(stream.send(EVENTS, 0, texts("b1", "b2"))).rejects.toMatchObject({ retryable: true });
        await reopen();
        await stream.send(EVENTS, 0, texts("b1", "b2"));
        await stream.send(EVENTS, 0, texts("c"));

        const messages: string[] = [];
        const stopping = new AbortController();
        for await (const batch of stream.read(EVENTS, 0, start, ALL, stopping.signal)) {
          messages.push(...batch.map(text));
          if (messages.at(-1) === "c") stopping.abort();
        }
        expect([
          ["a", "b1", "b2", "c"],
          ["a", "b1", "b1", "b2", "c"],
          ["a", "b1", "b2", "b1", "b2", "c"],
        ]).toContainEqual(messages);
      },
    );
  });
}

/** Reads exactly so many messages, waiting for them. */
export async function collect(
  stream: StreamReader,
  topic: string,
  partition: number,
  from: number,
  count: number,
): Promise<StreamMessage[]> {
  const stopping = new AbortController();
  const messages: StreamMessage[] = [];
  const limits = { maxMessages: count, maxBytes: 1024 * 1024 };
  for await (const batch of stream.read(topic, partition, from, limits, stopping.signal)) {
    messages.push(...batch);
    if (messages.length >= count) break;
  }
  return messages.slice(0, count);
}

async function drain(batches: AsyncIterable<readonly StreamMessage[]>): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = [];
  for await (const batch of batches) messages.push(...batch);
  return messages;
}

function texts(...values: string[]): Uint8Array[] {
  return values.map((value) => Buffer.from(value));
}

function text({ payload }: StreamMessage): string {
  return Buffer.from(payload).toString();
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `message ${i}`);
}
