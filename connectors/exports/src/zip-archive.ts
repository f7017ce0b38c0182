import { pipeline, Readable } from "node:stream";
import { createInflateRaw, crc32 } from "node:zlib";
import { ConnectorError } from "@daybook/contract";
import {
  type Entry as CentralEntry,
  fromRandomAccessReaderPromise,
  RandomAccessReader,
  type ZipFile,
} from "yauzl";
import { type ByteSource, readRange } from "./source.ts";

/** Bounds on a ZIP. What goes beyond one is refused before anything of it is read. */
export interface ZipLimits {
  readonly entries: number;
  /** Bytes of all files together, unpacked. */
  readonly totalBytes: number;
  /** How many times its packed size a file of more than 16 MiB may have. */
  readonly ratio: number;
}

export const DEFAULT_ZIP_LIMITS: ZipLimits = { entries: 100_000, totalBytes: 64 * 2 ** 30, ratio: 200 };

/** One file of a ZIP. Its name is a label and never a path. */
export interface ZipMember {
  readonly name: string;
  readonly sizeBytes: number;
  /** A symbolic link: there to be named, never to be read. */
  readonly isLink: boolean;
  /**
   * The unpacked bytes. May be called again.
   *
   * @throws {ConnectorError} `malformed`, while it is read: wrong length or checksum, or not deflate at all
   */
  readonly open: () => AsyncIterable<Uint8Array>;
}

const RATIO_FREE_BYTES = 16 * 2 ** 20;
const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED = 0x2041;
const SIZES_FOLLOW = 0x8;
const IN_ZIP64 = 0xffffffff;
const FILE_TYPE = 0xf000;
const SYMBOLIC_LINK = 0xa000;

const refuse = (why: string, cause?: unknown) =>
  new ConnectorError(
    "malformed",
    `the ZIP cannot be read safely: ${why}`,
    cause === undefined ? {} : { cause },
  );

/**
 * Reads the directory of a ZIP and checks all of it against the files' own headers, so that no two programs can see
 * different files in it. Reads headers only; bounded by `limits`.
 *
 * @throws {ConnectorError} `malformed`
 */
export async function openZip(source: ByteSource, limits: ZipLimits): Promise<readonly ZipMember[]> {
  const reader = new WindowedReader(source);
  let zip: ZipFile;
  try {
    zip = await fromRandomAccessReaderPromise(reader, source.sizeBytes, {
      decodeStrings: false,
      autoClose: false,
    });
  } catch (error) {
    throw outsideError(error, "its directory is missing, cut off or damaged");
  }
  if (zip.entryCount > limits.entries) throw refuse(`it holds more than ${String(limits.entries)} files`);
  const entries: CentralEntry[] = [];
  try {
    for await (const entry of zip.eachEntry()) entries.push(entry);
  } catch (error) {
    throw outsideError(error, "its directory is damaged");
  }
  checkSizes(entries, limits);
  const starts = await dataStarts(zip, entries, source.sizeBytes);
  const names = new Set<string>();
  const members: ZipMember[] = [];
  for (const [index, entry] of entries.entries()) {
    const name = nameOf(entry);
    if (names.has(name)) throw refuse("two files have one name");
    names.add(name);
    if (name.endsWith("/")) continue;
    const isLink = ((entry.externalFileAttributes >>> 16) & FILE_TYPE) === SYMBOLIC_LINK;
    const start = starts[index] ?? 0;
    members.push({
      name,
      sizeBytes: entry.uncompressedSize,
      isLink,
      open: () => unpacked(source, entry, start),
    });
  }
  return members;
}

function outsideError(error: unknown, why: string): unknown {
  // What the source throws is the caller's own; what yauzl says may quote names from the file.
  return error instanceof SourceFailure ? error.cause : refuse(why);
}

/** Marks what the source threw on its way through yauzl. */
class SourceFailure extends Error {}

/** yauzl asks for a few bytes at a time: a window keeps that from being a read each. */
class WindowedReader extends RandomAccessReader {
  readonly #source: ByteSource;
  #window: Buffer = Buffer.alloc(0);
  #windowAt = 0;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override read(
    into: Buffer,
    offset: number,
    length: number,
    at: number,
    done: (error: Error | null) => void,
  ): void {
    this.#bytes(at, length).then(
      (bytes) => {
        bytes.copy(into, offset);
        done(bytes.length < length ? new Error("the file ends too early") : null);
      },
      (cause: unknown) => done(new SourceFailure("the source failed", { cause })),
    );
  }

  async #bytes(at: number, length: number): Promise<Buffer> {
    const size = this.#source.sizeBytes;
    if (at > size) return Buffer.alloc(0);
    const end = Math.min(at + length, size);
    if (at < this.#windowAt || end > this.#windowAt + this.#window.length) {
      this.#window = await readRange(this.#source, at, Math.min(Math.max(end, at + WINDOW_BYTES), size));
      this.#windowAt = at;
    }
    return this.#window.subarray(at - this.#windowAt, end - this.#windowAt);
  }
}
const WINDOW_BYTES = 16 * 1024;

function checkSizes(entries: readonly CentralEntry[], limits: ZipLimits): void {
  let total = 0;
  for (const entry of entries) {
    const { compressedSize, uncompressedSize, compressionMethod, generalPurposeBitFlag } = entry;
    if ((generalPurposeBitFlag & ENCRYPTED) !== 0) throw refuse("it is encrypted");
    if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
      throw refuse("it is packed in an unusual way");
    if (uncompressedSize > RATIO_FREE_BYTES && uncompressedSize > compressedSize * limits.ratio) {
      throw refuse(`a file in it is more than ${String(limits.ratio)} times as large unpacked`);
    }
    total += uncompressedSize;
  }
  if (total > limits.totalBytes) throw refuse("it is too large unpacked");
}

/** Where each file's bytes begin, by the order of `entries`, once its own header agrees with the directory. */
async function dataStarts(
  zip: ZipFile,
  entries: readonly CentralEntry[],
  sizeBytes: number,
): Promise<number[]> {
  const starts = new Array<number>(entries.length).fill(0);
  const byOffset = entries.map((entry, index) => ({ entry, index }));
  byOffset.sort((a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader);
  let freeFrom = 0;
  for (const { entry, index } of byOffset) {
    if (entry.relativeOffsetOfLocalHeader < freeFrom) throw refuse("two files lie over one another");
    let local;
    try {
      local = await zip.readLocalFileHeaderPromise(entry, {});
    } catch (error) {
      throw outsideError(error, "a file's own header is missing or damaged");
    }
    const agrees = (here: number, there: number) => here === there || here === IN_ZIP64;
    const sizesFollow = (local.generalPurposeBitFlag & SIZES_FOLLOW) !== 0;
    if (
      !local.fileName.equals(entry.fileNameRaw) ||
      local.compressionMethod !== entry.compressionMethod ||
      ((local.generalPurposeBitFlag ^ entry.generalPurposeBitFlag) & (ENCRYPTED | SIZES_FOLLOW)) !== 0 ||
      (!sizesFollow &&
        !(
          local.crc32 === entry.crc32 &&
          agrees(local.compressedSize, entry.compressedSize) &&
          agrees(local.uncompressedSize, entry.uncompressedSize)
        ))
    ) {
      throw refuse("a file's own header and the directory disagree");
    }
    freeFrom = local.fileDataStart + entry.compressedSize;
    if (freeFrom > sizeBytes) throw refuse("it is cut off");
    starts[index] = local.fileDataStart;
  }
  return starts;
}

function nameOf(entry: CentralEntry): string {
  const raw = entry.fileNameRaw;
  if (raw.includes(0)) throw refuse("a name holds a NUL character");
  // Phones write UTF-8 whether they say so or not; what is none still has to be told apart from its neighbours.
  const text = raw.toString("utf8");
  return Buffer.from(text).equals(raw) ? text : raw.toString("latin1");
}

async function* unpacked(source: ByteSource, entry: CentralEntry, start: number): AsyncGenerator<Uint8Array> {
  const packed = source.read(start, start + entry.compressedSize);
  let sizeBytes = 0;
  let checksum = 0;
  for await (const chunk of entry.compressionMethod === DEFLATED ? inflated(packed) : packed) {
    sizeBytes += chunk.length;
    if (sizeBytes > entry.uncompressedSize) throw refuse("a file in it is longer than it says");
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (sizeBytes < entry.uncompressedSize) throw refuse("a file in it is shorter than it says");
  if (checksum !== entry.crc32) throw refuse("a file in it is damaged: its checksum is wrong");
}

async function* inflated(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflater = createInflateRaw({ chunkSize: 128 * 1024 });
  let failure: Error | undefined;
  const input = Readable.from(
    (async function* () {
      try {
        yield* packed;
      } catch (error) {
        failure = error instanceof Error ? error : new Error("the source failed", { cause: error });
        throw failure;
      }
    })(),
  );
  // Errors reach the loop below through the inflater, which the pipeline destroys.
  pipeline(input, inflater, () => undefined);
  try {
    for await (const chunk of inflater) yield chunk as Buffer;
  } catch (error) {
    throw failure ?? refuse("a file in it is damaged", error);
  } finally {
    input.destroy();
  }
}
