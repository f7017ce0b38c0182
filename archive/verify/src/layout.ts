import { MAX_EVENT_BYTES } from "@daybook/contract";
import { MAX_STAMP_BYTES } from "@daybook/timestamp";

/** Extensions of attachments: none that a viewer would run. */
export const SAFE_EXTENSIONS: ReadonlySet<string> = new Set(
  (
    "jpg png gif webp heic bmp tif mp4 3gp mov webm ogg opus mp3 m4a aac amr wav " +
    "pdf zip doc xls ppt docx xlsx pptx odt ods eml txt csv vcf ics bin"
  ).split(" "),
);

const KIB = 1024;
const MIB = 1024 * KIB;
/** A record is an event, an id and a salt; a sealed one some bytes more. */
export const MAX_RECORD_BYTES = MAX_EVENT_BYTES + 4 * KIB;

const ID = "[0-9a-f]{32}";
const SHARD = "[A-Za-z0-9_][A-Za-z0-9._-]{0,63}";
const NAME = "[a-z0-9][a-z0-9._-]{0,199}";

/** Every file that a package may hold, and how large it may be. */
const KNOWN: readonly (readonly [pattern: RegExp, maxBytes: number])[] = [
  [new RegExp(`^data/(?:records/${ID}\\.json|sealed/${ID}\\.pgp)$`), MAX_RECORD_BYTES],
  [new RegExp(`^data/leaves/${ID}\\.leaf$`), KIB],
  [new RegExp(`^data/proofs/${ID}\\.tlog-proof$`), 128 * KIB],
  [new RegExp(`^data/disposals/${ID}\\.json$`), KIB],
  [/^data\/attachments\/[0-9a-f]{64}\.[a-z0-9]{1,5}$/, Infinity],
  [new RegExp(`^data/(?:eml/${ID}\\.eml|rsmf/${NAME}\\.rsmf|html/${NAME}\\.html)$`), Infinity],
  [new RegExp(`^data/logs/${SHARD}/(?:checkpoint|vkey)$`), 64 * KIB],
  [new RegExp(`^data/logs/${SHARD}/checkpoint\\.tsr$`), MAX_STAMP_BYTES],
  [/^data\/logs\/witnesses$/, 64 * KIB],
  [/^data\/logs\/tsa-ca\.pem$/, MIB],
  [
    /^(?:manifest-sha256\.txt|data\/(?:index|session-keys)\.csv|data\/(?:gaps|coverage|audit)\.jsonl)$/,
    Infinity,
  ],
  [/^(?:bagit\.txt|bag-info\.txt|tagmanifest-sha256\.txt|data\/README\.txt)$/, 64 * KIB],
  [/^data\/request\.json$/, MIB],
];

/** What is there in every package. */
export const ALWAYS = [
  "bagit.txt",
  "bag-info.txt",
  "manifest-sha256.txt",
  "tagmanifest-sha256.txt",
  ...["README.txt", "request.json", "session-keys.csv", "index.csv"].map((name) => `data/${name}`),
  ...["gaps", "coverage", "audit"].map((name) => `data/${name}.jsonl`),
];

/** Why a file does not belong into a package; undefined when it does. */
export function misplaced(path: string, sizeBytes: number): string | undefined {
  const max = KNOWN.find(([pattern]) => pattern.test(path))?.[1];
  if (max === undefined) return "does not belong into a package";
  return sizeBytes > max ? "larger than such a file can be" : undefined;
}
