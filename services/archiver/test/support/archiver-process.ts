// A process that captures and archives, to be killed. Reads its instructions as JSON from its first argument, and
// says what was acknowledged on stdout: `sent N`, durable on the stream; then `archived N`.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { checkpointSigner, type Stores } from "@daybook/archive-core";
import { createRecordIndexer } from "@daybook/catalogue";
import { TOPICS } from "@daybook/contract";
import { openDirectoryStores } from "@daybook/directory";
import { readPublicKeys } from "@daybook/openpgp";
import { createLogger } from "@daybook/runtime";
import { type IngestKey, openFileStream } from "@daybook/stream";
import type { CatalogueConnection } from "@daybook/catalogue";
import { ArchiverProgress, payloadContext, runArchiver } from "../../src/index.ts";
import { openWriter } from "./catalogue.ts";
import { eventBytes } from "./events.ts";
import { ciphers, namingKey, tokenKey } from "./keys.ts";

/** What the process is to do. */
export interface Instructions {
  readonly dir: string;
  readonly connection: CatalogueConnection;
  /** Events to send, by their numbers: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  /** Dies at this boundary of a store's write: odd before it, even after it. 0: never. */
  readonly dieAt: number;
}

const WRITES: ReadonlySet<string | symbol> = new Set(["put", "replace", "remove", "extend"]);

function mortal<T extends object>(store: T, step: () => void): T {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const method = value.bind(target) as (...args: unknown[]) => unknown;
      if (!WRITES.has(name)) return method;
      return async (...args: unknown[]) => {
        step();
        const result = await method(...args);
        step();
        return result;
      };
    },
  });
}

async function main({ dir, connection, from, to, dieAt }: Instructions): Promise<void> {
  let steps = 0;
  const step = () => {
    steps += 1;
    if (steps === dieAt) process.kill(process.pid, "SIGKILL");
  };
  const opened = await openDirectoryStores({
    objects: join(dir, "objects"),
    heads: join(dir, "heads"),
    keyring: join(dir, "keyring"),
  });
  const stores: Stores = {
    records: mortal(opened.records, step),
    heads: mortal(opened.heads, step),
    keyring: mortal(opened.keyring, step),
  };
  const partitions = { [TOPICS.events]: 1, [TOPICS.parked]: 1 };
  const stream = await openFileStream({ dir: join(dir, "stream"), partitions });
  const recipients = await readPublicKeys(await readFile(join(dir, "public.asc"), "utf8"));
  const ingest = JSON.parse(await readFile(join(dir, "ingest.json"), "utf8")) as IngestKey;
  const { opener, sealer } = ciphers(ingest);
  const { writer } = await openWriter(connection, recipients);
  const progress = new ArchiverProgress(["0"]);
  const running = runArchiver(
    {
      deployment: "dept.example",
      shards: [
        {
          shard: "0",
          topic: TOPICS.events,
          partition: 0,
          signer: checkpointSigner("dept.example/0", Buffer.alloc(32, 3)),
          lingerMs: 5,
        },
      ],
      stores,
      stream,
      trimmer: stream,
      producer: stream,
      opener,
      sealer,
      recipients: () => recipients,
      namingKey,
      catalogue: writer,
      indexer: createRecordIndexer(tokenKey),
      lockDays: 400,
      trimMargin: 100_000,
      progress,
      log: createLogger("archiver", "error", { stream: process.stderr }),
      now: () => new Date(),
    },
    new AbortController().signal,
  );
  running.catch(() => process.exit(3));
  const context = payloadContext(TOPICS.events, 0);
  for (let n = from; n < to; n += 10) {
    const numbers = Array.from({ length: Math.min(10, to - n) }, (_, i) => n + i);
    // Now and then what was sent before is delivered again.
    if (n > 0) numbers.push(n - 1);
    const payloads = await Promise.all(numbers.map((one) => sealer.seal(eventBytes(one), context)));
    const offset = await stream.send(TOPICS.events, 0, payloads);
    process.stdout.write(`sent ${Math.min(n + 10, to)}\n`);
    await progress.archived("0", offset + payloads.length);
    process.stdout.write(`archived ${Math.min(n + 10, to)}\n`);
  }
  process.exit(0);
}

await main(JSON.parse(process.argv[2] ?? "{}") as Instructions);
