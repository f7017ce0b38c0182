// Attaches a large body as capture does, reads it back and exports it: in a process of its own, whose memory is watched.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { Writable } from "node:stream";
import { setImmediate as breathe } from "node:timers/promises";
import { parseSessionKey, RecordReader } from "@daybook/openpgp";
import { zipSink } from "@daybook/package";
import { openS3Stores } from "@daybook/s3";
import { attach } from "../../../services/capture/src/attach.ts";

/** What the drill asks for, as one line of JSON on stdin: it holds credentials. */
export interface LargeOrder {
  readonly store: Parameters<typeof openS3Stores>[0];
  readonly spoolDir: string;
  /** In turn. The first tells what memory the process takes for a body that is not large. */
  readonly bodies: readonly number[];
}

/** What is answered for each body, a line of JSON each. */
export interface LargeAnswer {
  readonly sizeBytes: number;
  /** Of the content, as it went in and as it came out of the package. */
  readonly sha256: string;
  readonly exported: string;
  /** Of the sealed bytes, as their name says and as the store gave them. */
  readonly sealed: string;
  readonly stored: string;
  /** The most memory that the process had while it did each, bytes. */
  readonly attachPeak: number;
  readonly exportPeak: number;
}

const CHUNK_BYTES = 1024 * 1024;

/** Bytes that no two calls' chunks share, and that do not compress. */
async function* madeUp(sizeBytes: number): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let seed = 0x2545f491;
  for (let at = 0; at < chunk.length; at += 4) {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    chunk.writeUInt32LE(seed, at);
  }
  for (let at = 0; at < sizeBytes; at += chunk.length) {
    const piece = Buffer.from(chunk.subarray(0, Math.min(chunk.length, sizeBytes - at)));
    piece.writeDoubleLE(at, 0);
    yield piece;
    await breathe();
  }
}

/** The most memory that the process has while `work` is done. */
async function peakOf<T>(work: () => Promise<T>): Promise<{ done: T; peak: number }> {
  let peak = process.memoryUsage.rss();
  const watching = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 20);
  try {
    return { done: await work(), peak: Math.max(peak, process.memoryUsage.rss()) };
  } finally {
    clearInterval(watching);
  }
}

async function digestOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of bytes) digest.update(chunk);
  return digest.digest("hex");
}

const [line] = (await once(process.stdin.setEncoding("utf8"), "data")) as [string];
const { store, spoolDir, bodies } = JSON.parse(line) as LargeOrder;
const stores = openS3Stores(store);
const reader = new RecordReader({
  stores,
  holder: { unwrap: () => Promise.reject(new Error("none")) },
});
for (const sizeBytes of bodies) {
  const attached = await peakOf(() =>
    attach(
      madeUp(sizeBytes),
      { name: "recording.mp4", mediaType: "video/mp4" },
      { records: stores.records, spoolDir, maxBytes: sizeBytes, now: () => new Date() },
    ),
  );
  const { sealed, sha256, sessionKey } = attached.done;
  const read = await peakOf(async () => {
    const exported = createHash("sha256");
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const sink = zipSink("package", nowhere);
    async function* watched() {
      for await (const chunk of reader.attachment(sealed, parseSessionKey(sessionKey))) {
        exported.update(chunk);
        yield chunk;
      }
    }
    await sink.add("data/attachments/recording.mp4", watched());
    await sink.finish();
    return exported.digest("hex");
  });
  const answer: LargeAnswer = {
    sizeBytes: attached.done.sizeBytes,
    sha256,
    exported: read.done,
    sealed,
    stored: await digestOf(stores.records.stream(`attachment/${sealed}`)),
    attachPeak: attached.peak,
    exportPeak: read.peak,
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
