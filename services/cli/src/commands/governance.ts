import type { ApiClient } from "@daybook/runtime";
import { z } from "zod";
import { connect } from "../connect.ts";
import { type Output, printable } from "../output.ts";

const answer = z.looseObject({ id: z.string(), state: z.string().optional() });
type Method = "get" | "post";

/** Asks one thing of the API and shows the answer as it is. */
export async function ask(
  method: Method,
  path: string,
  about: { params?: Record<string, string>; body?: unknown },
  output: Output,
  words?: (value: z.infer<typeof answer>) => string,
): Promise<void> {
  const { client } = await connect();
  try {
    const value = await client.call(method, path, about);
    output.result(value ?? {}, () => {
      const parsed = answer.safeParse(value);
      return words && parsed.success ? words(parsed.data) : inLines(value);
    });
  } finally {
    client.close();
  }
}

/** Entries asked for at a time: of holds, each may name ten thousand records. */
const PAGE = 100;

/** Every entry of a list of the API, page after page. @param name of the list in the answer */
export async function readAll<Entry>(
  client: Pick<ApiClient, "call">,
  path: string,
  name: string,
  entry: z.ZodType<Entry>,
): Promise<Entry[]> {
  const page = z
    .looseObject({ next: z.string().nullable() })
    .transform((answer) => ({ entries: answer[name], next: answer.next }))
    .pipe(z.object({ entries: z.array(entry), next: z.string().nullable() }));
  const all: Entry[] = [];
  let cursor: string | undefined;
  do {
    const answer = await client.call("get", path, { query: { limit: PAGE, cursor }, response: page });
    all.push(...answer.entries);
    cursor = answer.next ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** Shows the whole of a list of the API, in the form of one of its answers. */
export async function askAll(path: string, name: string, output: Output): Promise<void> {
  const { client } = await connect();
  try {
    const value = { [name]: await readAll(client, path, name, z.unknown()) };
    output.result(value, () => inLines(value));
  } finally {
    client.close();
  }
}

/** JSON for people: one fact a line, lists indented. */
export function inLines(value: unknown, indent = ""): string {
  if (Array.isArray(value)) {
    return value.length === 0
      ? `${indent}none`
      : value.map((item) => inLines(item, indent)).join(`\n${indent}-\n`);
  }
  if (value !== null && typeof value === "object") {
    return Object.entries(value)
      .map(([name, item]: [string, unknown]) =>
        item !== null && typeof item === "object"
          ? `${indent}${name}:\n${inLines(item, `${indent}  `)}`
          : `${indent}${name}: ${printable(shown(item))}`,
      )
      .join("\n");
  }
  return `${indent}${printable(shown(value))}`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}
