import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cachedProgram } from "./cache.ts";
import { startEngine } from "./engine.ts";
import { LAB_REGION, localAddress, type S3Engine, type S3EngineOptions } from "./s3-engine.ts";

/**
 * Starts MinIO: the judge of lock and version semantics in tests, and nothing else, for it is no longer
 * maintained. It listens on 127.0.0.1 alone.
 *
 * @returns undefined when the program is not built
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startMinio(options: S3EngineOptions): Promise<S3Engine | undefined> {
  const program = cachedProgram("minio");
  if (!program) return undefined;
  const { dir } = options;
  const [data, home] = [join(dir, "data"), join(dir, "home")];
  for (const path of [data, home]) await mkdir(path, { recursive: true, mode: 0o700 });
  const root = { accessKeyId: "root", secretAccessKey: randomBytes(20).toString("hex") };
  const address = await localAddress(options.port);
  const engine = await startEngine({
    name: "minio",
    program,
    args: ["server", "--quiet", "--address", address, data],
    env: {
      ...process.env,
      HOME: home,
      MINIO_ROOT_USER: root.accessKeyId,
      MINIO_ROOT_PASSWORD: root.secretAccessKey,
      MINIO_BROWSER: "off",
      MINIO_UPDATE: "off",
      MINIO_CI_CD: "1",
    },
    cwd: dir,
    log: join(dir, "minio.log"),
    // Its own health check answers before it serves: what it serves, it refuses to those who do not sign.
    ready: async () => (await fetch(`http://${address}/`)).status === 403,
  });
  return { ...engine, endpoint: `http://${address}`, region: LAB_REGION, root };
}
