import { hash } from "node:crypto";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { type Bucket, open } from "./bucket.ts";
import { outcomeOf } from "./outcome.ts";
import { attempt } from "./probe-attempt.ts";

const RACERS = 8;

/**
 * Overwrites, races and sends a wrong checksum. Errors as the store gives them.
 *
 * @returns what the store let through, a line each
 */
export async function tryConditions(records: Bucket, heads: Bucket, prefix: string): Promise<string[]> {
  const problems: string[] = [];
  const key = `${prefix}/condition`;
  for (const bucket of [records, heads]) {
    const winners = await race(bucket, key, { IfNoneMatch: "*" });
    if (winners !== 1) problems.push(raced(bucket, winners, "If-None-Match"));
    const before = await read(bucket, key);
    await attempt(put(bucket, key, "another", { IfNoneMatch: "*" }));
    if ((await read(bucket, key)) !== before) {
      problems.push(`bucket ${bucket.name} overwrote in spite of If-None-Match: use a store that keeps it`);
    }
  }
  await put(heads, key, "start");
  const { tag } = await open(heads, key);
  const winners = await race(heads, key, { IfMatch: tag });
  if (winners !== 1) problems.push(raced(heads, winners, "If-Match"));
  await heads.client.send(new DeleteObjectCommand({ Bucket: heads.name, Key: key }));

  const damaged = `${prefix}/damaged`;
  await attempt(put(records, damaged, "sent", { ChecksumSHA256: hash("sha256", "meant", "base64") }));
  if ((await read(records, damaged)) !== undefined) {
    problems.push(
      `bucket ${records.name} took a body with the wrong checksum: use a store that checks SHA-256`,
    );
  }
  return problems;
}

function raced({ name }: Bucket, winners: number, condition: string): string {
  return `bucket ${name} let ${winners} of ${RACERS} writers win a race by ${condition}, not one: use a store that keeps it`;
}

/** @returns how many of those who write at once were told that they did */
async function race(
  bucket: Bucket,
  key: string,
  condition: { IfMatch?: string; IfNoneMatch?: string },
): Promise<number> {
  const racers = Array.from({ length: RACERS }, (_, i) => attempt(put(bucket, key, `racer ${i}`, condition)));
  return (await Promise.all(racers)).filter((won) => won).length;
}

function put({ client, name }: Bucket, Key: string, Body: string, more: object = {}): Promise<unknown> {
  return client.send(new PutObjectCommand({ Bucket: name, Key, Body, ...more }));
}

async function read(bucket: Bucket, key: string): Promise<string | undefined> {
  try {
    return await (await open(bucket, key)).body.transformToString();
  } catch (error) {
    if (outcomeOf(error) === "missing") return undefined;
    throw error;
  }
}
