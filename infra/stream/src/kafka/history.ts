import { createHash } from "node:crypto";
import { StreamError } from "../port.ts";
import type { Line } from "./internals.ts";
import { type Metadata, metadataOf } from "./metadata.ts";

/** Another cluster, or a topic that was made again, is another history. */
export function historyOf({ clusterId, topics }: Metadata): string {
  const ids = topics.map(({ name, id }) => `${name} ${id}`).sort();
  const digest = createHash("sha256").update(ids.join("\n")).digest("hex").slice(0, 32);
  return `kafka:${clusterId}:${digest}`;
}

/**
 * Kafka answers to a topic's name whatever became of it: after a cluster was lost and another took its address, the
 * offsets of the one would be read in the other, and what lies before them there passed over.
 *
 * @throws {StreamError} `replaced` when it is another history
 */
export async function assertHistory(line: Line, history: string, topics: readonly string[]): Promise<void> {
  const metadata = await metadataOf(await line.controller(), topics);
  if (historyOf(metadata) === history) return;
  const isSameCluster = history.startsWith(`kafka:${metadata.clusterId}:`);
  // A broker that has just started may not know its topics yet.
  if (isSameCluster && metadata.topics.some(({ id }) => id === undefined))
    throw new Error("a topic is missing");
  throw replaced();
}

export function replaced(): StreamError {
  return new StreamError(
    "replaced",
    "another Kafka cluster, or topics made again, answer: start this service again",
  );
}
