import { WitnessingError } from "./error.ts";

/** What an outside server said. */
export interface Answer {
  readonly status: number;
  /** Of its `Content-Type`, without parameters; lower case. */
  readonly mediaType: string;
  readonly body: Buffer;
}

/**
 * Posts to an outside server and reads its answer, bounded in size; in time by `signal`. Follows no redirect.
 *
 * @throws {WitnessingError} `unavailable`, `bad-answer` when there is too much of it
 */
export async function post(
  url: string,
  {
    body,
    mediaType,
    maxBytes,
    signal,
  }: { body: Buffer; mediaType: string; maxBytes: number; signal: AbortSignal },
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: "POST",
      body: new Uint8Array(body),
      headers: { "content-type": mediaType },
      redirect: "manual",
      signal,
    });
    const type = response.headers.get("content-type") ?? "";
    return {
      status: response.status,
      mediaType: type.replace(/;.*$/s, "").trim().toLowerCase(),
      body: await bounded(response, maxBytes),
    };
  } catch (cause) {
    if (cause instanceof WitnessingError) throw cause;
    throw new WitnessingError("unavailable", "it does not answer, or not in time", { cause });
  }
}

async function bounded(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new WitnessingError("bad-answer", "its answer is far too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
