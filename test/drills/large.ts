import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { startVersitygw } from "@daybook/lab";
import { makeBuckets } from "@daybook/s3";
import { BUCKETS } from "../deployment/store.ts";
import { NODE } from "../deployment/service-process.ts";
import type { Course } from "./course.ts";
import type { LargeAnswer, LargeOrder } from "./programs/large-body.ts";

const MIB = 1024 ** 2;
/** A body that fits in memory with ease: what more a larger one takes is what is not flat. */
const SMALL_BYTES = 32 * MIB;
const MOST_MORE_BYTES = 160 * MIB;
/** Parts of this size are in memory one at a time. */
const PART_BYTES = 8 * MIB;
const PROGRAM = resolve(import.meta.dirname, "programs/large-body.ts");

/**
 * Attaches a large body as capture does, reads it back as an export does, and watches the memory of the process; then
 * kills one in the middle of an upload in parts, and looks at what stays.
 *
 * @param gib of the large body; takes about four times that of disk for a while
 * @returns false when the store is missing
 */
export async function large(course: Course, { gib = 5 }: { gib?: number } = {}): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "daybook-large-"));
  await using ending = new AsyncDisposableStack();
  ending.defer(() => rm(dir, { recursive: true, force: true }));
  const store = await startVersitygw({ dir: join(dir, "store") });
  if (!store) return false;
  ending.defer(() => store.stop("SIGKILL"));
  const { endpoint, region, root: credentials } = store;
  await makeBuckets({ endpoint, region, credentials, buckets: BUCKETS });
  const spoolDir = join(dir, "spool");
  await mkdir(spoolDir, { mode: 0o700 });
  const order: LargeOrder = {
    store: { endpoint, region, credentials, buckets: BUCKETS, partBytes: PART_BYTES },
    spoolDir,
    bodies: [SMALL_BYTES, Math.round(gib * 1024) * MIB],
  };
  const [small, big] = await course.step(`attach ${gib} GiB, read it back, export it`, () =>
    answersOf(order),
  );
  const sizeBytes = order.bodies[1]!;
  course.check("all of it went in", big?.sizeBytes === sizeBytes);
  course.check(
    "the object is what its name says: the digest of the sealed bytes",
    big?.sealed === big?.stored,
  );
  course.check("the package has what went in", big?.exported === big?.sha256 && big?.sha256 !== undefined);
  for (const [what, peak] of [
    ["attaching", "attachPeak"],
    ["exporting", "exportPeak"],
  ] as const) {
    const more = (big?.[peak] ?? Infinity) - (small?.[peak] ?? 0);
    course.count(`MiB of memory, ${what} 32 MiB`, Math.round((small?.[peak] ?? 0) / MIB));
    course.count(`MiB of memory, ${what} the large body`, Math.round((big?.[peak] ?? 0) / MIB));
    course.check(
      `${what} is flat: at most ${MOST_MORE_BYTES / MIB} MiB more than for 32 MiB`,
      more <= MOST_MORE_BYTES,
    );
  }
  course.check("nothing is left on capture's disk", (await readdir(spoolDir)).length === 0);

  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  ending.defer(async () => client.destroy());
  await course.step("SIGKILL in the middle of an upload in parts", () => cutOff(client, order));
  const left = await uploads(client);
  course.check("what stays in the store is an upload that is no object", left.length === 1);
  const { Contents = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: BUCKETS.records, Prefix: "attachment/" }),
  );
  course.check("no half object can be read", Contents.length === order.bodies.length);
  // As the bucket's lifecycle rule does after a day, where the store has such rules.
  for (const { Key, UploadId } of left)
    await client.send(new AbortMultipartUploadCommand({ Bucket: BUCKETS.records, Key, UploadId }));
  course.check("ending the upload removes its parts", (await uploads(client)).length === 0);
  return true;
}

function start(order: LargeOrder): ChildProcess {
  const { PATH, HOME } = process.env;
  const child = spawn(NODE, [PROGRAM], { env: { PATH, HOME }, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(`${JSON.stringify(order)}\n`);
  return child;
}

async function answersOf(order: LargeOrder): Promise<LargeAnswer[]> {
  const child = start(order);
  const ended = once(child, "exit");
  const answers: LargeAnswer[] = [];
  for await (const line of createInterface({ input: child.stdout! }))
    answers.push(JSON.parse(line) as LargeAnswer);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the process ended with ${code}`);
  return answers;
}

/** Kills a process when the store has a part of its upload. */
async function cutOff(client: S3Client, order: LargeOrder): Promise<void> {
  const child = start({ ...order, bodies: [64 * PART_BYTES] });
  const ended = once(child, "exit");
  try {
    for (;;) {
      const [upload] = await uploads(client);
      if (upload) {
        const { Key, UploadId } = upload;
        const { Parts = [] } = await client
          .send(new ListPartsCommand({ Bucket: BUCKETS.records, Key, UploadId }))
          .catch(() => ({ Parts: [] }));
        if (Parts.length > 0) return;
      }
      if (child.exitCode !== null) throw new Error("it ended before it was killed");
      await sleep(20);
    }
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

async function uploads(client: S3Client) {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKETS.records }));
  return Uploads;
}
