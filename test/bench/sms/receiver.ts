// An official number's connector as a process of its own, as `daybook up` runs it: capture's own sink over a stream that is
// durable, in the directory of its first argument, bound to the SMSC at the port of its second.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { memoryStores } from "@daybook/archive-core/testing";
import { TOPICS } from "@daybook/contract";
import { Sms } from "@daybook/sms";
import { createPayloadSealer, generateIngestKey, openFileStream } from "@daybook/stream";
import { settings } from "../../../connectors/sms/test/support/settings.ts";
import { Scope } from "../../../services/capture/src/scope.ts";
import { createSink } from "../../../services/capture/src/sink.ts";
import { sealedPublisher } from "../../../services/cli/src/up/publisher.ts";

const [dir = "", port] = process.argv.slice(2);
const spoolDir = join(dir, "spool");
mkdirSync(spoolDir, { recursive: true });
const stream = await openFileStream({ dir: join(dir, "stream"), partitions: { [TOPICS.events]: 1 } });
const { publicKey } = await generateIngestKey();
const scope = new Scope({ version: 0, rules: [] }, Buffer.alloc(32, 5));
const sink = createSink({
  publisher: sealedPublisher(stream, createPayloadSealer({ publicKey: () => publicKey })),
  // Nothing here has a medium.
  records: memoryStores().records,
  shards: 1,
  spoolDir,
  now: () => new Date(),
  maxBytes: 1,
  scope: () => Promise.resolve(scope),
});
// As it is unless set: the tests are in more haste.
await new Sms(settings(dir, Number(port), { settleMs: 1_000 })).run(sink, new AbortController().signal);
