import { jest } from "@jest/globals";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { makeAuthority } from "@daybook/lab";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";
import type { ServiceName } from "./settings.ts";

jest.setTimeout(120_000);

describeDeployed("a service that must not start", () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = (await deploy({ start: false }))!;
  });
  afterAll(() => deployment.remove());

  /** Starts a service with other settings, and wants one line and exit 1, before it listens. */
  async function refused(service: ServiceName, settings: NodeJS.ProcessEnv): Promise<string> {
    const process = [...deployment.services.values()].find(({ place }) => place.service === service)!;
    const { code, line } = await process.refuse(settings);
    expect({ code, lines: line.trimEnd().split("\n") }).toEqual({ code: 1, lines: [expect.any(String)] });
    return line;
  }

  function file(name: string, content: string, mode = 0o400): string {
    const path = join(deployment.dir, name);
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
    return path;
  }

  it("says every fault of its settings at once, by name and never by value", async () => {
    const line = await refused("archiver", {
      DAYBOOK_SHARDS: "many",
      DAYBOOK_RECORDS_URL: "",
      DAYBOOK_NAMING_KEY_FILE: file("short", "c2hvcnQ="),
      DAYBOOK_LOG_KEY_FILE: join(deployment.dir, "nowhere"),
      DAYBOOK_KAFKA_BROKER: "slip:9092",
    });
    for (const name of [
      "DAYBOOK_SHARDS",
      "DAYBOOK_RECORDS_URL",
      "DAYBOOK_NAMING_KEY",
      "DAYBOOK_LOG_KEY",
      "DAYBOOK_KAFKA_BROKER",
    ])
      expect(line).toContain(`${name}: `);
    expect(line).not.toMatch(/many|c2hvcnQ|slip/);
  });

  it("refuses to put made-up messages among an organisation's own", async () => {
    const settings = { DAYBOOK_CONNECTORS: "rehearsal", DAYBOOK_TRIAL: "no" };
    expect(await refused("capture", settings)).toMatch(/DAYBOOK_CONNECTORS.*DAYBOOK_TRIAL/);
  });

  it("refuses a key file that others may read", async () => {
    const key = file("loose", Buffer.alloc(32, 1).toString("base64"), 0o644);
    expect(await refused("archiver", { DAYBOOK_NAMING_KEY_FILE: key })).toContain("DAYBOOK_NAMING_KEY");
  });

  it("refuses verifier keys of another deployment", async () => {
    const line = await refused("records", { DAYBOOK_DEPLOYMENT: "another.example" });
    expect(line).toContain("DAYBOOK_LOG_VKEYS");
  });

  it.each([
    ["archiver", "DAYBOOK_KAFKA_CA_FILE", /kafka|broker|certificate/i],
    ["archiver", "DAYBOOK_S3_CA_FILE", /certificate/i],
    ["archiver", "DAYBOOK_POSTGRES_CA_FILE", /certificate/i],
    ["capture", "DAYBOOK_KAFKA_CA_FILE", /kafka|broker|certificate/i],
    ["evidence", "DAYBOOK_POSTGRES_CA_FILE", /certificate/i],
  ] as const)(
    "refuses a certificate that nobody it trusts has issued: %s, %s",
    async (service, setting, words) => {
      const { ca } = await makeAuthority(join(deployment.dir, "strangers"));
      expect(await refused(service, { [setting]: file(`stranger-${service}-${setting}`, ca) })).toMatch(
        words,
      );
    },
  );

  it.each([
    ["archiver", "DAYBOOK_KAFKA_PASSWORD_FILE", /password|let.*in/i],
    ["archiver", "DAYBOOK_S3_SECRET_ACCESS_KEY_FILE", /credentials|SignatureDoesNotMatch/],
    ["archiver", "DAYBOOK_POSTGRES_PASSWORD_FILE", /password/],
    ["records", "DAYBOOK_ARCHIVE_PASSPHRASE_FILE", /passphrase|undecryptable|key/],
  ] as const)("refuses a wrong password: %s, %s", async (service, setting, words) => {
    const wrong = file(`wrong-${setting}`, "wrong");
    const line = await refused(service, { [setting]: wrong });
    expect(line).toMatch(words);
  });

  it("refuses a bucket without lock, and one that is not there", async () => {
    const { store, authority } = deployment.engines;
    const admin = new S3Client({
      endpoint: store.endpoint,
      region: store.region,
      credentials: store.root,
      forcePathStyle: true,
      requestHandler: { httpsAgent: { ca: authority.ca } },
    });
    await admin.send(new CreateBucketCommand({ Bucket: "lockless" }));
    admin.destroy();
    const root = {
      DAYBOOK_S3_ACCESS_KEY_ID: store.root.accessKeyId,
      DAYBOOK_S3_SECRET_ACCESS_KEY_FILE: file("root-secret", store.root.secretAccessKey),
    };
    expect(await refused("archiver", { ...root, DAYBOOK_S3_RECORDS_BUCKET: "lockless" })).toMatch(
      /lockless has no Object Lock/,
    );
    expect(await refused("archiver", { ...root, DAYBOOK_S3_RECORDS_BUCKET: "nowhere" })).toMatch(
      /nowhere does not exist/,
    );
  });

  it("refuses topics that would lose messages", async () => {
    expect(await refused("archiver", { DAYBOOK_KAFKA_SINGLE_REPLICA: "no" })).toMatch(
      /daybook\.events.*replica/,
    );
    expect(await refused("archiver", { DAYBOOK_STREAM_DAYS: "30" })).toMatch(/daybook\.events.*retention/);
  });
});
