/** What a browser may be shown within a page, and how its bytes begin. */
interface InlineType {
  readonly mediaType: string;
  readonly shown: "image" | "audio";
  /** What senders call it. */
  readonly claims: readonly string[];
  readonly begins: (bytes: Buffer) => boolean;
}

const text = (bytes: Buffer, from: number, to: number) => bytes.toString("latin1", from, to);

/** No SVG, no HTML, no PDF: those can carry scripts and links. */
const TYPES: readonly InlineType[] = [
  {
    mediaType: "image/png",
    shown: "image",
    claims: ["image/png"],
    begins: (bytes) => text(bytes, 0, 8) === "\x89PNG\r\n\x1a\n",
  },
  {
    mediaType: "image/jpeg",
    shown: "image",
    claims: ["image/jpeg", "image/jpg"],
    begins: (bytes) => text(bytes, 0, 3) === "\xff\xd8\xff",
  },
  {
    mediaType: "image/gif",
    shown: "image",
    claims: ["image/gif"],
    begins: (bytes) => /^GIF8[79]a/.test(text(bytes, 0, 6)),
  },
  {
    mediaType: "image/webp",
    shown: "image",
    claims: ["image/webp"],
    begins: (bytes) => text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WEBP",
  },
  {
    mediaType: "audio/mpeg",
    shown: "audio",
    claims: ["audio/mpeg", "audio/mp3"],
    // An ID3 tag, or a frame of MPEG audio, layer III.
    begins: (bytes) =>
      text(bytes, 0, 3) === "ID3" || (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe6) === 0xe2),
  },
  {
    mediaType: "audio/ogg",
    shown: "audio",
    claims: ["audio/ogg", "audio/opus"],
    begins: (bytes) => text(bytes, 0, 4) === "OggS",
  },
  {
    mediaType: "audio/mp4",
    shown: "audio",
    claims: ["audio/mp4", "audio/m4a", "audio/x-m4a", "audio/aac"],
    begins: (bytes) => /^ftyp(?:M4A |M4B |mp42|mp41|isom|iso2|dash)/.test(text(bytes, 4, 12)),
  },
  {
    mediaType: "audio/wav",
    shown: "audio",
    claims: ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
    begins: (bytes) => text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 12) === "WAVE",
  },
];

/** Bytes that tell a type. */
export const MAGIC_BYTES = 12;

function claimed(mediaType: string): InlineType | undefined {
  const essence = (mediaType.split(";")[0] ?? "").trim().toLowerCase();
  return TYPES.find(({ claims }) => claims.includes(essence));
}

/** As what an attachment would be shown that is what its sender calls it; null for what is never shown. */
export function claimedInline(mediaType: string): "image" | "audio" | null {
  return claimed(mediaType)?.shown ?? null;
}

/**
 * The one media type under which an attachment may be shown: both what its sender calls it and its first bytes must
 * say so.
 *
 * @param beginning its first `MAGIC_BYTES` bytes, or all where there are fewer
 */
export function inlineType(mediaType: string, beginning: Buffer): string | undefined {
  const type = claimed(mediaType);
  return type?.begins(beginning) === true ? type.mediaType : undefined;
}
