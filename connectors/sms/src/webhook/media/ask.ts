import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { lookupPublic } from "./places.ts";

/**
 * Asks once, over a connection of its own, and follows nothing.
 *
 * @param isOwn an operator named the host: it may have a private address
 * @throws the system's error, where nobody answers
 */
export function ask(
  url: URL,
  of: { readonly isOwn: boolean; readonly authorization?: string | undefined; readonly signal: AbortSignal },
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const send = url.protocol === "https:" ? secureRequest : plainRequest;
  const options = {
    agent: false,
    signal: of.signal,
    headers: of.authorization === undefined ? {} : { authorization: of.authorization },
    ...(!of.isOwn && { lookup: lookupPublic }),
  };
  send(url, options, resolve).on("error", reject).end();
  return promise;
}

/** @throws {RangeError} for more than is taken; the system's error, where it breaks off */
export async function wholeOf(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new RangeError("larger than is taken");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
