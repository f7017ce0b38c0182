import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { jest } from "@jest/globals";
import { GetBucketPolicyCommand, GetObjectLockConfigurationCommand, S3Client } from "@aws-sdk/client-s3";
import { type S3Engine, startVersitygw } from "@daybook/lab";
import { IDENTITIES, type PolicyKind, policyOf } from "@daybook/s3/testing";
import { DEPLOY, describeWith } from "./support/tools.ts";

jest.setTimeout(300_000);

/** Each bucket by its policy. */
const BUCKETS: readonly (readonly [PolicyKind, string])[] = [
  ["records", "one"],
  ["heads", "two"],
  ["keyring", "three"],
  ["keyring-copy", "four"],
];

describeWith(["aws", "versitygw"], "make-buckets.sh", ({ aws }) => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "buckets-"));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const start = async (name: string): Promise<S3Engine> =>
    (await startVersitygw({
      dir: join(dir, name),
      sidecar: true,
      users: IDENTITIES.map((identity) => ({
        accessKeyId: identity,
        secretAccessKey: `secret of ${identity}`,
      })),
    }))!;

  async function make(
    { endpoint, region, root }: Pick<S3Engine, "endpoint" | "region" | "root">,
    ...args: string[]
  ): Promise<{ stdout: string; stderr: string }> {
    const env = {
      PATH: `${join(aws!, "..")}:${process.env.PATH ?? ""}`,
      HOME: process.env.HOME,
      AWS_ENDPOINT_URL: endpoint,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: root.accessKeyId,
      AWS_SECRET_ACCESS_KEY: root.secretAccessKey,
    };
    return promisify(execFile)("sh", [join(DEPLOY, "s3", "make-buckets.sh"), ...args], { env });
  }

  it("makes buckets, sets their policies, and may be repeated", async () => {
    const store = await start("store");
    const { endpoint, region, root: credentials } = store;
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    try {
      const first = await make(store, "one", "two", "three");
      await make(store, "--copy", "four");
      expect(first.stdout).toContain("one: made");
      expect((await make(store, "one", "two", "three")).stdout).toContain("one: is there");
      // It has no such rules; the script goes on, and the operator knows.
      expect(first.stderr).toContain("one: this store takes no rule that ends unfinished uploads");

      for (const [kind, Bucket] of BUCKETS) {
        const { Policy = "" } = await client.send(new GetBucketPolicyCommand({ Bucket }));
        expect(byId(Policy)).toEqual(byId(await policyOf(kind, Bucket)));
      }
      const lock = await client.send(new GetObjectLockConfigurationCommand({ Bucket: "one" }));
      expect(lock.ObjectLockConfiguration).toMatchObject({ ObjectLockEnabled: "Enabled" });
      await expect(client.send(new GetObjectLockConfigurationCommand({ Bucket: "two" }))).rejects.toThrow();
    } finally {
      client.destroy();
      await store.stop("SIGKILL");
    }
  });

  it("ends with an error when the store does not let it", async () => {
    const store = await start("strict");
    const stranger = { accessKeyId: "nobody", secretAccessKey: "nothing-to-show" };
    try {
      await expect(make({ ...store, root: stranger }, "one", "two", "three")).rejects.toMatchObject({
        code: expect.any(Number) as number,
      });
    } finally {
      await store.stop("SIGKILL");
    }
  });
});

/** Statements by what they are called, as stores keep them in an order and with words of their own. */
function byId(policy: string): Record<string, unknown> {
  const { Statement } = JSON.parse(policy) as {
    Statement: { Sid: string; Action: unknown; Resource: unknown; Principal: { AWS?: unknown } | string }[];
  };
  return Object.fromEntries(
    Statement.map(({ Sid, Action, Resource, Principal }) => [
      Sid,
      {
        Action: list(Action),
        Resource: list(Resource),
        Principal: list(typeof Principal === "string" ? Principal : Principal.AWS),
      },
    ]),
  );
}

function list(of: unknown): unknown[] {
  return [of].flat().sort();
}
