import {
  type Captured,
  ConnectorError,
  encodeEnvelope,
  envelope,
  type Event,
  type LinkState,
  MAX_EVENT_BYTES,
  type SealedAttachment,
  shardOf,
  type Sink,
  TOPICS,
} from "@daybook/contract";
import { createHash, randomUUID } from "node:crypto";
import { attach, type AttachOptions } from "./attach.ts";
import { CaptureError } from "./error.ts";
import type { Publisher } from "./ports.ts";
import type { Scope, Scoped } from "./scope.ts";

export interface SinkOptions extends AttachOptions {
  readonly publisher: Publisher;
  /** Shards of the deployment, without `audit`. */
  readonly shards: number;
  /** The scope in force; asked for each batch, so that a change takes effect at once. */
  readonly scope: () => Promise<Scope>;
  readonly onState?: (state: LinkState) => void;
}

/** A sink that also tells where its events went. */
export interface CaptureSink extends Sink {
  /** Per partition of `daybook.events`, the offset after the last event captured through this sink. */
  readonly reached: ReadonlyMap<number, number>;
  /** Records a coverage interval of the account's link, with the count of what scope left out since the last. */
  coverage(
    about: Pick<Event, "network" | "method" | "account"> & { custodian?: Event["custodian"] },
    interval: NonNullable<Event["coverage"]>,
  ): Promise<void>;
  /** What Daybook says of itself: the notice of an imported file, say. Scope does not judge it. */
  state(captured: Captured): Promise<void>;
  /** Whether scope leaves out what this is about now: asked before anything of it is attached. Counts nothing. */
  excludes(about: Scoped): Promise<boolean>;
  /** Counts events of an account that scope leaves out, in place of `capture`. */
  leaveOut(of: Pick<Event, "network" | "account">, events: number): void;
  /** Events left out by scope rules so far. */
  readonly excluded: number;
}

/**
 * The one way into the stream: scope first, then the schema, then durable. Nothing that a rule leaves out is
 * stored, not even encrypted; only its count is, with the account's next coverage.
 */
export function createSink(options: SinkOptions): CaptureSink {
  const { publisher, shards, scope, now } = options;
  const reached = new Map<number, number>();
  let excluded = 0;
  /** Of each account, what was left out and no coverage has told. */
  const untold = new Map<string, number>();
  const keyOf = ({ network, account }: Pick<Event, "network" | "account">) =>
    JSON.stringify([network, account]);
  const add = (key: string, events: number) => untold.set(key, (untold.get(key) ?? 0) + events);

  async function capture(captured: readonly Captured[]): Promise<void> {
    const at = now();
    const judge = await scope();
    const taken: Captured[] = [];
    const left: Captured[] = [];
    for (const item of captured) (judge.excludedBy(item.event, at) === undefined ? taken : left).push(item);
    await publishCounted(taken, at);
    for (const { event } of left) add(keyOf(event), 1);
    excluded += left.length;
  }

  /** Publishes, with the count of what was left out in the first coverage of each account. */
  async function publishCounted(captured: readonly Captured[], at: Date): Promise<void> {
    const told = new Map<string, number>();
    const counted = captured.map((item) => {
      const { coverage } = item.event;
      const key = keyOf(item.event);
      const left = untold.get(key) ?? 0;
      if (!coverage || left === 0 || told.has(key)) return item;
      told.set(key, left);
      return { ...item, event: { ...item.event, coverage: { ...coverage, excluded: left } } };
    });
    await publish(counted, at);
    for (const [key, left] of told) add(key, -left);
  }

  async function publish(captured: readonly Captured[], at: Date): Promise<void> {
    const byPartition = new Map<number, Uint8Array[]>();
    for (const item of captured) {
      const partition = shardOf(item.event.network, item.event.account, shards);
      const batch = byPartition.get(partition) ?? [];
      batch.push(toPlaintext(item, at));
      byPartition.set(partition, batch);
    }
    for (const [partition, plaintexts] of byPartition) {
      const next = await published(partition, plaintexts);
      reached.set(partition, Math.max(reached.get(partition) ?? 0, next));
    }
  }

  async function published(partition: number, plaintexts: readonly Uint8Array[]): Promise<number> {
    try {
      return await publisher.publish(TOPICS.events, partition, plaintexts);
    } catch (cause) {
      if (!(cause instanceof CaptureError) || !cause.retryable) throw cause;
      throw new ConnectorError("stream-unavailable", cause.message, { cause });
    }
  }

  return {
    capture,
    attach: (body, about) => attach(body, about, options),
    report: (state) => options.onState?.(state),
    reached,
    state: (captured) => publish([captured], now()),
    excludes: async (about) => (await scope()).excludedBy(about, now()) !== undefined,
    leaveOut(of, events) {
      add(keyOf(of), events);
      excluded += events;
    },
    get excluded() {
      return excluded;
    },
    async coverage(about, interval) {
      const eventId = `coverage:${randomUUID()}`;
      const captured: Captured = {
        eventId,
        stableDigest: createHash("sha256").update(eventId).digest("hex"),
        event: {
          v: 1,
          kind: "coverage",
          ...about,
          provenance: "captured",
          coverage: interval,
          raw: "",
          connector: { name: "capture", version: "1" },
        },
      };
      await publishCounted([captured], now());
    },
  };
}

/** The envelope's bytes. Strings are made well-formed: the network's own bytes stay in `raw`. */
function toPlaintext({ eventId, stableDigest, event, attachments = [] }: Captured, at: Date): Uint8Array {
  const parsed = envelope.safeParse({
    v: 1,
    eventId,
    stableDigest,
    keys: attachments.map((a) => a.sessionKey),
    event: {
      ...event,
      ...(event.text !== undefined && { text: event.text.toWellFormed() }),
      ...(attachments.length > 0 && { attachments: attachments.map(toRef) }),
      capturedAt: at.toISOString(),
    },
  });
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
    throw new ConnectorError("event-invalid", `an event does not fit the schema at: ${where}`);
  }
  const bytes = encodeEnvelope(parsed.data);
  if (bytes.length > MAX_EVENT_BYTES)
    throw new ConnectorError("event-invalid", "an event is too large to travel");
  return bytes;
}

function toRef({ name, mediaType, sizeBytes, sha256, sealed }: SealedAttachment) {
  return { name: name.toWellFormed(), mediaType, sizeBytes, sha256, sealed };
}
