import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdir } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { join } from "node:path";
import { cachedProgram } from "./cache.ts";
import { startEngine } from "./engine.ts";
import { importMinioIdentities, type MinioIdentity } from "./minio-identities.ts";
import { LAB_REGION, localAddress, type S3Engine, type S3EngineOptions } from "./s3-engine.ts";

/**
 * Starts MinIO: the judge of lock and version semantics in tests, and nothing else, for it is no longer
 * maintained. It listens on 127.0.0.1 alone.
 *
 * @param options.users who may do only what the policy beside them allows
 * @param options.tls paths of a PEM certificate and its key, and the PEM that vouches for it; without it the endpoint is
 *   plain HTTP
 * @returns undefined when the program is not built
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startMinio(
  options: S3EngineOptions & {
    readonly users?: readonly MinioIdentity[];
    readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
  },
): Promise<S3Engine | undefined> {
  const program = cachedProgram("minio");
  if (!program) return undefined;
  const { dir, users = [], tls } = options;
  const [data, home, certificates] = [join(dir, "data"), join(dir, "home"), join(dir, "certificates")];
  for (const path of [data, home, certificates]) await mkdir(path, { recursive: true, mode: 0o700 });
  if (tls) {
    await copyFile(tls.cert, join(certificates, "public.crt"));
    await copyFile(tls.key, join(certificates, "private.key"));
  }
  const root = { accessKeyId: "root", secretAccessKey: randomBytes(20).toString("hex") };
  const address = await localAddress(options.port);
  const endpoint = `${tls ? "https" : "http"}://${address}`;
  const engine = await startEngine({
    name: "minio",
    program,
    args: ["server", "--quiet", "--address", address, "--certs-dir", certificates, data],
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
    ready: async () => (await statusOf(endpoint, tls?.ca)) === 403,
  });
  if (users.length > 0) {
    try {
      await importMinioIdentities({ endpoint, root }, users, tls?.ca);
    } catch (error) {
      await engine.stop("SIGKILL");
      throw error;
    }
  }
  return { ...engine, endpoint, region: LAB_REGION, root };
}

async function statusOf(endpoint: string, ca?: string): Promise<number | undefined> {
  if (ca === undefined) return (await fetch(endpoint)).status;
  const [answer] = (await once(get(endpoint, { ca, agent: false }), "response")) as [IncomingMessage];
  answer.resume();
  return answer.statusCode;
}
