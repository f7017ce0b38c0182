import { createInterface } from "node:readline/promises";
import { connect } from "../connect.ts";

/** Posts, and reads the JSON lines of the answer as they come. @returns the last */
export async function lines(path: string, each: (value: unknown) => void): Promise<unknown> {
  const { client } = await connect();
  let last: unknown;
  try {
    const { body } = await client.download(path, { method: "post" });
    for await (const text of createInterface({ input: body })) {
      last = JSON.parse(text);
      each(last);
    }
  } finally {
    client.close();
  }
  return last;
}
