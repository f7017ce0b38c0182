// Takes what agents hand over, over the database of its first argument (JSON), with uploads in the directory of its second, the
// agents of its third (JSON), what it records in the file of its fourth, a line each, durable before it is taken to be captured.
// At the moment of its fifth, if it is given one, it dies of SIGKILL: `before-capture`; `before-note`, when what came is durable
// and its number is not noted; `before-answer`, when its agent alone does not know. Says its port on standard output.
import { fsyncSync, openSync, writeSync } from "node:fs";
import { memoryStores } from "@daybook/archive-core/testing";
import { envelope } from "@daybook/contract";
import { createLogger } from "@daybook/runtime";
import { PassThrough } from "node:stream";
import { Pool, type PoolConfig } from "pg";
import { Agents } from "../../../src/agents/agents.ts";
import type { KnownAgent } from "../../../src/agents/registry.ts";
import { Sequences } from "../../../src/agents/sequences.ts";
import { Scope } from "../../../src/scope.ts";
import { createSink } from "../../../src/sink.ts";
import { plainReader } from "../plain-reader.ts";

const [database, spoolDir, known, output, moment] = process.argv.slice(2);
const file = openSync(output!, "a");
const dieAt = (now: string) => {
  if (now === moment) process.kill(process.pid, "SIGKILL");
};

// eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
const { take } = Sequences.prototype;
Sequences.prototype.take = async function (batch, at) {
  dieAt("before-note");
  const placed = await take.call(this, batch, at);
  dieAt("before-answer");
  return placed;
};

const now = () => new Date();
let published = 0;
const agents = new Agents({
  readers: [plainReader],
  registry: {
    agents: () => Promise.resolve(JSON.parse(known!) as KnownAgent[]),
    enrol: () => Promise.resolve(undefined),
  },
  at: { host: "127.0.0.1", port: 0 },
  onListening: (port) => process.stdout.write(String(port)),
  pool: new Pool(JSON.parse(database!) as PoolConfig),
  sink: createSink({
    publisher: {
      publish(_topic, _partition, plaintexts) {
        dieAt("before-capture");
        const lines = plaintexts.map((bytes) => {
          const { eventId, stableDigest, event } = envelope.parse(JSON.parse(Buffer.from(bytes).toString()));
          return `${JSON.stringify([eventId, stableDigest, event.kind, event.text])}\n`;
        });
        writeSync(file, lines.join(""));
        fsyncSync(file);
        published += lines.length;
        return Promise.resolve(published);
      },
    },
    records: memoryStores().records,
    shards: 1,
    spoolDir: spoolDir!,
    now,
    maxBytes: 1_000_000,
    scope: () => Promise.resolve(new Scope({ version: 0, rules: [] }, Buffer.alloc(32))),
  }),
  spoolDir: spoolDir!,
  log: createLogger("capture", "fatal", { stream: new PassThrough().resume() }),
  now,
});
await agents.run(new AbortController().signal);
