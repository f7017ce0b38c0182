import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { deployDatabase } from "@daybook/catalogue/testing";
import { REHEARSAL_EVENTS } from "@daybook/rehearsal";
import type { Deployment } from "../deployment/deployment.ts";
import type { DeployedEngines } from "../deployment/engines.ts";
import { BUCKETS } from "../deployment/store.ts";
import { eventRecords, importMadeUp, isClean, untilRecords } from "../e2e/support/archive.ts";
import type { Course } from "./course.ts";
import { govern, seen, staysDisposed } from "./governed.ts";
import { onDeployment } from "./on-deployment.ts";

/** Of the rehearsed week, in one message. */
const DISPOSED = "orkney";
/** What an audit record waits for its segment at most, and then some: what is read next is archived. */
const AUDIT_LINGER_MS = 32_000;

/**
 * PostgreSQL and the keyring's first home are destroyed, and made again from the object store, the keyring's second
 * home and the archive's private key.
 *
 * @param lines of the made-up export that comes in
 * @returns false when an engine is missing
 */
export function restore(course: Course, { lines = 2_000 }: { lines?: number } = {}): Promise<boolean> {
  return onDeployment(course, { shards: 2, env: { DAYBOOK_CONNECTORS: "rehearsal" } }, (deployment) =>
    drill(course, deployment, lines),
  );
}

async function drill(course: Course, deployment: Deployment, lines: number): Promise<void> {
  const { engines, services } = deployment;
  const imported = await course.step("records come in: an export, and live messages", async () => {
    const records = await importMadeUp(deployment, "Bo", lines);
    await untilRecords(deployment, records + REHEARSAL_EVENTS);
    return records;
  });
  course.check("every line and the notice of its file is a record", imported === lines + 1);
  const governed = await course.step("a matter, a hold, a token, a disposal", () =>
    govern(deployment, DISPOSED),
  );
  await sleep(AUDIT_LINGER_MS);
  const before = await seen(deployment, governed);
  const records = await eventRecords(deployment);
  course.count("records of messages", records);

  await course.step("DESTROY PostgreSQL and the keyring's first home", async () => {
    await engines.postgres.replace();
    await emptyKeyring(engines);
  });
  const stopped = [...services.values()].filter(({ place }) => place.service !== "retention");
  await course.step("stop records, evidence, capture and the archivers", async () => {
    await Promise.all(stopped.map((service) => service.stop()));
  });
  await course.step("make the database as on the first day", async () => {
    await deployDatabase(engines.postgres, engines.logins);
    await deployment.migrate();
  });
  await course.step("start the services", async () => {
    for (const service of stopped) service.start();
    await Promise.all(stopped.map((service) => service.ready()));
  });
  const restored = await course.step("daybook keys restore", () =>
    deployment.json<{ ok: boolean; lost: number; restored: number }>(["keys", "restore"]),
  );
  course.check("every record has its key again, or its disposal", restored.ok && restored.lost === 0);
  course.lost(restored.lost);
  course.count("key blocks restored", restored.restored);
  await course.step("daybook rebuild", () => deployment.json(["rebuild"]));

  course.check("fsck finds nothing wrong", await course.step("daybook log fsck", () => isClean(deployment)));
  course.lost(Math.max(0, records - (await eventRecords(deployment))));
  const after = await course.step("look at all again", () => seen(deployment, governed));
  for (const [what, was] of Object.entries(before))
    course.check(`the same is there: ${what}`, isDeepStrictEqual(after[what], was));
  const { ok, exported } = await course.step("export, and verify offline", () =>
    staysDisposed(deployment, governed, DISPOSED),
  );
  course.check("an export verifies offline", exported.ok);
  course.check("what was disposed of stays unreadable", ok);
}

/** Removes every key block of the first home, as its administrator could. */
async function emptyKeyring({ store, authority }: DeployedEngines): Promise<void> {
  const { endpoint, region, root: credentials } = store;
  const requestHandler = { httpsAgent: { ca: authority.ca } };
  const admin = new S3Client({ endpoint, region, credentials, forcePathStyle: true, requestHandler });
  for (;;) {
    const { Contents = [] } = await admin.send(new ListObjectsV2Command({ Bucket: BUCKETS.keyring }));
    if (Contents.length === 0) break;
    const Objects = Contents.map(({ Key }) => ({ Key: Key! }));
    await admin.send(new DeleteObjectsCommand({ Bucket: BUCKETS.keyring, Delete: { Objects } }));
  }
  admin.destroy();
}
