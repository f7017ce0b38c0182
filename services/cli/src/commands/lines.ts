import { createInterface } from "node:readline/promises";
import type { ApiClient } from "@daybook/runtime";
import { connect } from "../connect.ts";

/** Posts, and reads the JSON lines of the answer as they come. @returns the last */
export async function lines(path: string, each: (value: unknown) => void): Promise<unknown> {
  const { client } = await connect();
  try {
    return await readLines(client, path, { method: "post" }, each);
  } finally {
    client.close();
  }
}

/** Reads an answer of JSON lines as they come. @returns the last */
export async function readLines(
  client: ApiClient,
  path: string,
  about: { readonly method: "get" | "post"; readonly params?: Record<string, string> },
  each: (value: unknown) => void,
): Promise<unknown> {
  let last: unknown;
  const { body } = await client.download(path, about);
  for await (const text of createInterface({ input: body })) {
    last = JSON.parse(text);
    each(last);
  }
  return last;
}
