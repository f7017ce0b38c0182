import type { AttachmentRef } from "@daybook/contract";
import type { Request, Response } from "@daybook/runtime";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { inlineType, MAGIC_BYTES } from "./inline-type.ts";

/**
 * Answers with an attachment's content; the connection breaks if it turns out to be altered. Whatever its sender
 * called it, a browser is to store it and never to run it. Only what `inline` asks for, and what claims to be an
 * image or sound of a few types and begins like one, is named as that, and may be taken by parts.
 */
export async function serveAttachment(
  { about, content }: { about: AttachmentRef; content: AsyncIterable<Uint8Array> },
  to: {
    readonly request: Request;
    readonly response: Response;
    readonly signal: AbortSignal;
    readonly inline: boolean;
  },
): Promise<void> {
  const { request, response, signal } = to;
  const { beginning, whole } = to.inline ? await peeked(content) : { beginning: undefined, whole: content };
  const type = beginning && inlineType(about.mediaType, beginning);
  response.set({
    "Content-Type": type ?? "application/octet-stream",
    "Content-Disposition": `${type === undefined ? "attachment" : "inline"}; filename*=UTF-8''${encodeURIComponent(about.name.toWellFormed())}`,
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  });
  const part = type === undefined ? undefined : partOf(request.headers.range, about.sizeBytes);
  if (type !== undefined) response.set("Accept-Ranges", "bytes");
  if (part === undefined) {
    response.set("Content-Length", String(about.sizeBytes));
    return pipeline(Readable.from(whole), response, { signal });
  }
  response.status(206).set({
    "Content-Range": `bytes ${part.first}-${part.last}/${about.sizeBytes}`,
    "Content-Length": String(part.last - part.first + 1),
  });
  return pipeline(Readable.from(cut(whole, part)), response, { signal });
}

/** First and last byte, both included. */
interface Part {
  readonly first: number;
  readonly last: number;
}

/** The one part that is asked for; undefined for all, also where the header asks for what there is not (RFC 9110, section 14.2). */
export function partOf(header: string | undefined, sizeBytes: number): Part | undefined {
  const [, from = "", to = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  const end = sizeBytes - 1;
  const part =
    from === ""
      ? { first: Math.max(0, sizeBytes - Number(to)), last: end }
      : { first: Number(from), last: to === "" ? end : Math.min(Number(to), end) };
  return part.first <= part.last && part.first <= end ? part : undefined;
}

/** The first bytes, and all of it from the beginning. */
async function peeked(
  content: AsyncIterable<Uint8Array>,
): Promise<{ beginning: Buffer; whole: AsyncIterable<Uint8Array> }> {
  const pieces: AsyncIterator<Uint8Array, unknown> = content[Symbol.asyncIterator]();
  let beginning = Buffer.alloc(0);
  let ended = false;
  while (!ended && beginning.length < MAGIC_BYTES) {
    const next = await pieces.next();
    if (next.done === true) ended = true;
    else beginning = Buffer.concat([beginning, next.value]);
  }
  async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield beginning;
      while (!ended) {
        const next = await pieces.next();
        if (next.done === true) ended = true;
        else yield next.value;
      }
    } finally {
      await pieces.return?.();
    }
  }
  return { beginning, whole: whole() };
}

/** Reads on to the end, so that an altered attachment is found out whichever part is asked for. */
async function* cut(
  content: AsyncIterable<Uint8Array>,
  { first, last }: Part,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  let held: Uint8Array | undefined;
  for await (const piece of content) {
    const wanted = piece.subarray(Math.max(0, first - at), Math.max(0, last + 1 - at));
    at += piece.length;
    if (wanted.length === 0) continue;
    if (held) yield held;
    held = wanted;
  }
  if (held) yield held;
}
