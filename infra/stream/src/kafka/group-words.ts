import { createHash } from "node:crypto";
import kafkajs from "kafkajs";
import { type Place, placesOf } from "../group.ts";
import type { Member } from "./group-assign.ts";

const { AssignerProtocol } = kafkajs;
const VERSION = 0;

type Partitions = Readonly<Record<string, number>>;

/**
 * Name of the way in which members share these partitions. Members with other partitions have none in common with
 * them, and Kafka does not let them into one group.
 */
export function protocolOf(partitions: Partitions): string {
  const layout = Object.entries(partitions)
    .map(([topic, count]) => `${topic} ${count}`)
    .sort()
    .join("\n");
  return `daybook-1-${createHash("sha256").update(layout).digest("hex").slice(0, 16)}`;
}

/** What a member says of itself, within Kafka's own form, so that Kafka's tools can read the rest. */
export function encodeMember(partitions: Partitions, { name, holds }: Omit<Member, "id">): Buffer {
  const userData = Buffer.from(JSON.stringify({ name, holds }));
  const topics = Object.keys(partitions);
  return AssignerProtocol.MemberMetadata.encode({ version: VERSION, topics, userData });
}

/** A member whose words cannot be read holds nothing. */
export function decodeMember(id: string, metadata: Buffer): Member {
  try {
    const said = AssignerProtocol.MemberMetadata.decode(metadata);
    const { name, holds } = JSON.parse(String(said?.userData)) as Record<string, unknown>;
    if (typeof name === "string" && Array.isArray(holds)) return { id, name, holds: holds.filter(isPlace) };
  } catch {
    // As below.
  }
  return { id, name: id, holds: [] };
}

function isPlace(value: unknown): value is Place {
  const { topic, partition } = (value ?? {}) as Record<string, unknown>;
  return typeof topic === "string" && typeof partition === "number";
}

export function encodeShare(places: readonly Place[]): Buffer {
  const assignment: Record<string, number[]> = {};
  for (const { topic, partition } of places) (assignment[topic] ??= []).push(partition);
  return AssignerProtocol.MemberAssignment.encode({
    version: VERSION,
    assignment,
    userData: Buffer.alloc(0),
  });
}

/** Of what was given, what this member knows. */
export function decodeShare(partitions: Partitions, bytes: Buffer): Place[] {
  const given = bytes.length === 0 ? undefined : AssignerProtocol.MemberAssignment.decode(bytes)?.assignment;
  return placesOf(partitions).filter(({ topic, partition }) => given?.[topic]?.includes(partition));
}
