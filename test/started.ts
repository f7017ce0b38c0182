import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What a process says first: that it is ready. @throws {Error} where it ends without a word */
export async function started(child: ChildProcess): Promise<string> {
  const waited = new AbortController();
  const said = once(child.stdout!, "data", { signal: waited.signal });
  const ended = once(child, "close", { signal: waited.signal });
  try {
    const [first] = (await Promise.race([said, ended])) as [unknown];
    if (Buffer.isBuffer(first)) return first.toString().trim();
    throw new Error(`a process ended that was to start: ${String(first)}`);
  } finally {
    waited.abort();
    await Promise.allSettled([said, ended]);
  }
}
