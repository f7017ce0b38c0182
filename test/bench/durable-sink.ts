import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { memoryStores } from "@daybook/archive-core/testing";
import { type Sink, TOPICS } from "@daybook/contract";
import { createPayloadSealer, generateIngestKey, openFileStream } from "@daybook/stream";
import { Scope } from "../../services/capture/src/scope.ts";
import { createSink } from "../../services/capture/src/sink.ts";
import { sealedPublisher } from "../../services/cli/src/up/publisher.ts";

/** Capture's own sink over a stream that is durable, in a directory, as `daybook up` has it. What comes has no media. */
export async function durableSink(dir: string): Promise<Sink> {
  const spoolDir = join(dir, "spool");
  mkdirSync(spoolDir, { recursive: true });
  const stream = await openFileStream({ dir: join(dir, "stream"), partitions: { [TOPICS.events]: 1 } });
  const { publicKey } = await generateIngestKey();
  const scope = new Scope({ version: 0, rules: [] }, Buffer.alloc(32, 5));
  return createSink({
    publisher: sealedPublisher(stream, createPayloadSealer({ publicKey: () => publicKey })),
    records: memoryStores().records,
    shards: 1,
    spoolDir,
    now: () => new Date(),
    maxBytes: 1,
    scope: () => Promise.resolve(scope),
  });
}
