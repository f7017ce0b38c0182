import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { cachedProgram } from "./cache.ts";
import { startEngine } from "./engine.ts";
import {
  LAB_REGION,
  localAddress,
  type S3Credentials,
  type S3Engine,
  type S3EngineOptions,
} from "./s3-engine.ts";

/**
 * Starts versitygw, with versioning. It does not fsync: nothing is to be concluded from it about durability.
 * Its locks are on files: whoever may write to `dir` can break them.
 *
 * @param options.users who may do only what a bucket's policy allows them
 * @param options.sidecar keeps what it knows of objects and buckets in files, not in attributes of files, where on ext4
 *   no bucket policy above some 3 KB fits
 * @param options.tls paths of a PEM certificate and its key; without it the endpoint is plain HTTP
 * @param options.requestLog a file for one line a request, as S3 writes its server access logs
 * @param options.keepAlive lets clients keep their connections, as any other store does
 * @returns undefined when the program is not built
 * @throws {Error} when it does not start, with the end of its log
 */
export async function startVersitygw(
  options: S3EngineOptions & {
    readonly users?: readonly S3Credentials[];
    readonly sidecar?: boolean;
    readonly tls?: { cert: string; key: string };
    readonly requestLog?: string;
    readonly keepAlive?: boolean;
  },
): Promise<S3Engine | undefined> {
  const program = cachedProgram("versitygw");
  if (!program) return undefined;
  const { dir, users = [], sidecar = false, tls, requestLog, keepAlive = false } = options;
  const data = join(dir, "data");
  const versions = join(dir, "versions");
  const iam = join(dir, "iam");
  const known = join(dir, "known");
  for (const path of [data, versions, iam, ...(sidecar ? [known] : [])])
    await mkdir(path, { recursive: true, mode: 0o700 });
  const accounts = users.map(({ accessKeyId, secretAccessKey }) => [
    accessKeyId,
    { access: accessKeyId, secret: secretAccessKey, role: "user", userID: 0, groupID: 0, projectID: 0 },
  ]);
  await writeFile(
    join(iam, "users.json"),
    JSON.stringify({ accessAccounts: Object.fromEntries(accounts) as unknown }),
    { mode: 0o600 },
  );
  const root = { accessKeyId: "root", secretAccessKey: randomBytes(24).toString("hex") };
  const address = await localAddress(options.port);
  const gateway = [
    "--port",
    address,
    "--iam-dir",
    iam,
    "--iam-cache-disable",
    "--health",
    "/health",
    "--quiet",
  ];
  const engine = await startEngine({
    name: "versitygw",
    program,
    args: [
      ...gateway,
      ...(tls ? ["--cert", tls.cert, "--key", tls.key] : []),
      ...(requestLog === undefined ? [] : ["--access-log", requestLog]),
      ...(keepAlive ? ["--keep-alive"] : []),
      "posix",
      ...(sidecar ? ["--sidecar", known] : []),
      "--versioning-dir",
      versions,
      data,
    ],
    env: {
      ...process.env,
      ROOT_ACCESS_KEY_ID: root.accessKeyId,
      ROOT_SECRET_ACCESS_KEY: root.secretAccessKey,
    },
    cwd: dir,
    log: join(dir, "versitygw.log"),
    ready: () => (tls ? accepts(address) : fetch(`http://${address}/health`).then(({ ok }) => ok)),
  });
  return { ...engine, endpoint: `${tls ? "https" : "http"}://${address}`, region: LAB_REGION, root };
}

/** Whether somebody listens: a certificate of the lab's own is nothing that `fetch` would trust. */
async function accepts(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, "connect");
    return true;
  } finally {
    socket.destroy();
  }
}
