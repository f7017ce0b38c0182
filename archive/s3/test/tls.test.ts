import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachedProgram, type S3Engine, startVersitygw } from "@daybook/lab";
import { openS3Stores } from "@daybook/s3";
import { freshBuckets } from "./engines.ts";

const isBuilt = cachedProgram("versitygw") !== undefined;
if (!isBuilt) console.warn("versitygw is not built (npm run lab -- --install): its tests are SKIPPED");

(isBuilt ? describe : describe.skip)("a store behind TLS", () => {
  let dir: string;
  let engine: S3Engine;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "s3-"));
    await makeCertificate("store");
    await makeCertificate("other");
    const tls = { cert: join(dir, "store.pem"), key: join(dir, "store.key") };
    engine = (await startVersitygw({ dir, tls }))!;
  });
  afterAll(async () => {
    await engine.stop();
    await rm(dir, { recursive: true });
  });

  const makeCertificate = (name: string) =>
    promisify(execFile)("openssl", [
      ...[
        "req",
        "-x509",
        "-nodes",
        "-days",
        "1",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
      ],
      ...["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", join(dir, `${name}.key`), "-out", join(dir, `${name}.pem`)],
    ]);
  const trusting = async (name: string) => ({
    endpoint: engine.endpoint,
    region: engine.region,
    credentials: engine.root,
    ca: await readFile(join(dir, `${name}.pem`), "utf8"),
  });

  it("is used by who trusts its certificate, and by nobody else", async () => {
    const connection = await trusting("store");
    const buckets = await freshBuckets(connection);
    const object = { key: "a", body: Buffer.from("content"), retainUntil: new Date(Date.now() + 60_000) };
    await expect(openS3Stores({ ...connection, buckets }).records.put(object)).resolves.toEqual({
      created: true,
    });

    // Within jest the SDK does not know the system's errors for errors, and hides what they are.
    const program = join(import.meta.dirname, "programs", "read.ts");
    const misled = [program, engine.endpoint, join(dir, "other.pem")];
    const { stdout } = await promisify(execFile)(process.execPath, misled);
    expect(stdout).toMatch(/^StoreRefusedError: .*_CERT.*: check its certificate/);
  });

  it("takes a body of any size over the connections that trust it", async () => {
    const connection = await trusting("store");
    const { records } = openS3Stores({ ...connection, buckets: await freshBuckets(connection) });
    const retainUntil = new Date(Date.now() + 60_000);
    for (const mebibytes of [1, 3, 9]) {
      const body = Buffer.alloc(mebibytes * 1024 * 1024, mebibytes);
      await expect(records.put({ key: `of-${mebibytes}`, body, retainUntil })).resolves.toEqual({
        created: true,
      });
    }
  });
});
