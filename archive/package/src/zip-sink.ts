import { finished } from "node:stream/promises";
import type { Writable } from "node:stream";
import { PackageError } from "./error.ts";
import { safePath, safeSegment } from "./file-name.ts";
import type { FileBody, PackageSink } from "./sink.ts";
import { ZipEncoder } from "./zip-encoder.ts";

const BATCH_BYTES = 512 * 1024;
/** A stream up to this size becomes an ordinary entry, with its sizes in front. */
const BUFFERED_BYTES = 1024 * 1024;

/**
 * A package as `NAME.zip`, holding the one folder `NAME`. The same files give the same bytes. Backpressure of
 * `out` is respected; `finish` ends it.
 *
 * @param folder the package's name
 */
export function zipSink(folder: string, out: Writable): PackageSink {
  return new ZipSink(safeSegment(folder), out);
}

class ZipSink implements PackageSink {
  readonly #folder: string;
  readonly #out: BatchWriter;
  readonly #zip = new ZipEncoder();

  constructor(folder: string, out: Writable) {
    this.#folder = folder;
    this.#out = new BatchWriter(out);
  }

  add(path: string, body: FileBody): Promise<void> | undefined {
    const name = `${this.#folder}/${safePath(path)}`;
    if (typeof body === "string") return this.#whole(name, Buffer.from(body));
    if (body instanceof Uint8Array) return this.#whole(name, body);
    return this.#streamed(name, body);
  }

  async finish(): Promise<void> {
    for await (const piece of this.#zip.end()) await this.#out.write(piece);
    await this.#out.end();
  }

  async #streamed(name: string, body: AsyncIterable<Uint8Array>): Promise<void> {
    const { head, rest } = await readAhead(body);
    if (!rest) return this.#whole(name, Buffer.concat(head));
    for await (const piece of this.#zip.streamed(name, rest)) await this.#out.write(piece);
  }

  #whole(name: string, content: Uint8Array): Promise<void> | undefined {
    const [header, packed] = this.#zip.whole(name, content);
    return this.#out.write(header, packed);
  }
}

/** Hands small pieces on in large ones, and learns when the receiver goes away. */
class BatchWriter {
  readonly #out: Writable;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(out: Writable) {
    this.#out = out;
    const fail = (failure: unknown) => {
      this.#failure ??= failure;
      this.#wake?.();
    };
    out.on("error", fail);
    out.on("close", () => {
      fail(new PackageError("sink-closed", "the receiver closed before the package was whole"));
    });
    out.on("drain", () => this.#wake?.());
  }

  /** @returns undefined when more may come at once */
  write(...pieces: readonly Uint8Array[]): Promise<void> | undefined {
    for (const piece of pieces) {
      this.#batch.push(piece);
      this.#batchBytes += piece.length;
    }
    return this.#batchBytes >= BATCH_BYTES ? this.#flush() : undefined;
  }

  async end(): Promise<void> {
    await this.#flush();
    this.#out.end();
    await finished(this.#out);
  }

  async #flush(): Promise<void> {
    const chunk = Buffer.concat(this.#batch);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#check();
    if (this.#out.write(chunk)) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
  }
}

/** The whole of a small stream as `head`, or a large one again as `rest`. */
async function readAhead(
  body: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array[]; rest?: AsyncIterable<Uint8Array> }> {
  const source = body[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let headBytes = 0;
  for (;;) {
    const next = await source.next();
    if (next.done) return { head };
    head.push(next.value);
    headBytes += next.value.length;
    if (headBytes > BUFFERED_BYTES) return { head, rest: joined(head, source) };
  }
}

async function* joined(
  head: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* head;
    for (let next = await source.next(); !next.done; next = await source.next()) yield next.value;
  } finally {
    await source.return?.();
  }
}
