import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Captured,
  type Connector,
  ConnectorError,
  type SealedAttachment,
  type Sink,
} from "../src/index.ts";

/** What a connector's own fake of its network must offer to the suite. */
export interface FakeNetwork {
  /** Makes one event happen on the network. */
  deliver(id: string): void;
  /** Identifiers that the connector has acknowledged, oldest first. */
  readonly acknowledged: readonly string[];
  /** A fresh connector, as after a restart of the process. */
  connector(): Connector;
}

/** The promises of `Connector`, as tests. Every live connector runs them against a fake of its network. */
export function describeConnector(name: string, start: () => FakeNetwork): void {
  describe(`${name} keeps the connector contract`, () => {
    it("acknowledges nothing that is not captured", async () => {
      const network = start();
      const sink = new RecordingSink({ failures: Infinity });
      network.deliver("m1");
      await whileRunning(network.connector(), sink, () => sink.attempts >= 3);

      expect(network.acknowledged).toEqual([]);
    });

    it("captures after a crash what it had not acknowledged, once and in order", async () => {
      const network = start();
      for (const id of ["m1", "m2", "m3"]) network.deliver(id);
      const crashed = new RecordingSink({ failures: Infinity });
      await whileRunning(network.connector(), crashed, () => crashed.attempts > 0);

      const sink = new RecordingSink({ failures: 2 });
      await whileRunning(network.connector(), sink, () => network.acknowledged.length === 3);

      expect(sink.captured.map((c) => c.eventId)).toEqual(["m1", "m2", "m3"]);
      expect(network.acknowledged).toEqual(["m1", "m2", "m3"]);
    });
  });
}

async function whileRunning(connector: Connector, sink: Sink, done: () => boolean): Promise<void> {
  const stopping = new AbortController();
  const running = connector.run(sink, stopping.signal);
  while (!done()) await sleep(1);
  stopping.abort();
  await running;
}

/** A sink that works in memory, and can fail its first calls either way: `lost`, or `kept` but unanswered. */
export class RecordingSink implements Sink {
  readonly captured: Captured[] = [];
  readonly attachments = new Map<string, Buffer>();
  attempts = 0;
  readonly #failures: number;
  readonly #keep: boolean;

  constructor({ failures = 0, keep = false }: { failures?: number; keep?: boolean } = {}) {
    this.#failures = failures;
    this.#keep = keep;
  }

  async capture(events: readonly Captured[]): Promise<void> {
    this.attempts += 1;
    await sleep(0);
    const fails = this.attempts <= this.#failures;
    if (!fails || this.#keep) this.captured.push(...events);
    if (fails) throw new ConnectorError("stream-unavailable", "injected");
  }

  async attach(
    body: AsyncIterable<Uint8Array>,
    { name, mediaType }: { name: string; mediaType: string },
  ): Promise<SealedAttachment> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const content = Buffer.concat(chunks);
    const sealed = randomBytes(32).toString("hex");
    this.attachments.set(sealed, content);
    return {
      name,
      mediaType,
      sizeBytes: content.length,
      sha256: createHash("sha256").update(content).digest("hex"),
      sealed,
      sessionKey: `9:${randomBytes(32).toString("hex").toUpperCase()}`,
    };
  }

  report(): void {
    // The suite looks only at what was captured.
  }
}
