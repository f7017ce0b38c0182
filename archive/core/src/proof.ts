import { ArchiveError } from "./error.ts";
import { HASH_BYTES } from "./merkle.ts";

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
const MAX_HASHES = 63;

/** That one entry is in the log that a checkpoint commits to: the content of a `.tlog-proof` file. */
export interface LogProof {
  readonly index: number;
  /** Sibling hashes from the leaf upwards. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

/** @see c2sp.org/tlog-proof */
export function encodeProof({ index, hashes, checkpoint }: LogProof): string {
  return proofOfLines(index, hashes.map(hashLine).join(""), checkpoint);
}

/** A hash as it stands in a proof, with its LF: neighbours share most of theirs. */
export function hashLine(h: Uint8Array): string {
  return `${Buffer.from(h.buffer, h.byteOffset, h.byteLength).toString("base64")}\n`;
}

/** As `encodeProof`, of hashes that `hashLine` wrote. */
export function proofOfLines(index: number, lines: string, checkpoint: string): string {
  return `${FIRST_LINE}\nindex ${index}\n${lines}\n${checkpoint}`;
}

/** @throws {ArchiveError} `malformed` */
export function decodeProof(text: string): LogProof {
  const end = text.indexOf("\n\n");
  const [first, indexLine, ...lines] = text.slice(0, Math.max(end, 0)).split("\n");
  const index = /^index (0|[1-9]\d{0,15})$/.exec(indexLine ?? "")?.[1];
  const hashes = lines.map((line) => Buffer.from(line, "base64"));
  if (
    end < 0 ||
    first !== FIRST_LINE ||
    index === undefined ||
    !Number.isSafeInteger(Number(index)) ||
    hashes.length > MAX_HASHES ||
    hashes.some((h, i) => h.length !== HASH_BYTES || h.toString("base64") !== lines[i])
  ) {
    throw new ArchiveError("malformed", "not a tlog-proof");
  }
  return { index: Number(index), hashes, checkpoint: text.slice(end + 2) };
}
