import type { ApiClient, CallOptions } from "@daybook/runtime";
import type { Request } from "express";
import { pipeline } from "node:stream/promises";
import type { Answer } from "../page.ts";

/** What of the API's answer the browser is told. */
const PASSED_ON = [
  "content-type",
  "content-length",
  "content-disposition",
  "content-range",
  "accept-ranges",
] as const;

/**
 * Passes a file of the API on as it comes, in a response that can do nothing: no script, no style, no frame, and no type
 * but the one it says.
 */
export async function sendFile(
  api: ApiClient,
  path: string,
  options: CallOptions,
  { request, signal }: { request: Request; signal: AbortSignal },
): Promise<Answer> {
  const { range } = request.headers;
  const { body, headers, status } = await api.download(path, {
    ...options,
    signal,
    ...(range !== undefined && { range }),
  });
  return {
    send: async (response) => {
      response.status(status);
      for (const name of PASSED_ON) {
        const value = headers[name];
        if (typeof value === "string") response.set(name, value);
      }
      response.set({
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
      });
      await pipeline(body, response, { signal });
    },
  };
}
