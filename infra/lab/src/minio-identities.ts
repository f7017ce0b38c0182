import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { buffer, json } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { LAB_REGION, type S3Credentials, type S3Engine } from "./s3-engine.ts";

/** Who may do what at a MinIO: a user, and the policy that is his alone. */
export interface MinioIdentity {
  readonly credentials: S3Credentials;
  /** A policy of an identity, JSON: its statements name no principal. */
  readonly policy: string;
}

/**
 * Makes users at a MinIO, each with a policy of its own, as its administrator would with `mc admin cluster iam import`.
 * May be repeated: what is given replaces what was.
 *
 * @param ca that vouches for the endpoint, PEM
 * @throws {Error} when one of them is not taken
 */
export async function importMinioIdentities(
  { endpoint, root }: Pick<S3Engine, "endpoint" | "root">,
  identities: readonly MinioIdentity[],
  ca?: string,
): Promise<void> {
  const byName = <T>(value: (of: MinioIdentity) => T) =>
    Object.fromEntries(identities.map((one) => [one.credentials.accessKeyId, value(one)]));
  const archive = new ZipFile();
  const add = (name: string, content: object) =>
    archive.addBuffer(Buffer.from(JSON.stringify(content)), `iam-assets/${name}`, { compress: false });
  add(
    "policies.json",
    byName(({ policy }) => JSON.parse(policy) as unknown),
  );
  add(
    "users.json",
    byName(({ credentials: { secretAccessKey } }) => ({ secretKey: secretAccessKey, status: "enabled" })),
  );
  add(
    "user_mappings.json",
    byName(({ credentials: { accessKeyId } }) => ({ version: 1, policy: accessKeyId })),
  );
  archive.end();
  const body = await buffer(archive.outputStream);
  const { failed = {} } = (await put(new URL("/minio/admin/v3/import-iam-v2", endpoint), body, root, ca)) as {
    failed?: Record<string, unknown>;
  };
  const names = Object.keys(failed);
  if (names.length > 0) throw new Error(`minio took no ${names.join(", ")}: ${JSON.stringify(failed)}`);
}

/** A request of an administrator. @throws {Error} when it is refused */
async function put(url: URL, body: Buffer, root: S3Credentials, ca?: string): Promise<unknown> {
  const headers = signed(url, body, root);
  const asked =
    url.protocol === "https:"
      ? tlsRequest(url, { method: "PUT", headers, ...(ca !== undefined && { ca }) })
      : plainRequest(url, { method: "PUT", headers });
  asked.end(body);
  const [answer] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  if (answer.statusCode === 200) return json(answer);
  throw new Error(`minio refused its identities: ${(await buffer(answer)).toString()}`);
}

/** The headers of a signed PUT. @see AWS Signature Version 4 */
function signed(url: URL, body: Buffer, { accessKeyId, secretAccessKey }: S3Credentials) {
  const time = new Date().toISOString().replaceAll(/[:-]|\.\d+/g, "");
  const scope = [time.slice(0, 8), LAB_REGION, "s3", "aws4_request"];
  const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
  const named = { host: url.host, "x-amz-content-sha256": sha256(body), "x-amz-date": time };
  const names = Object.keys(named).join(";");
  const lines = Object.entries(named).map(([name, value]) => `${name}:${value}\n`);
  const asked = ["PUT", url.pathname, "", lines.join(""), names, named["x-amz-content-sha256"]].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(asked)].join("\n");
  const mac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data);
  const key = scope.reduce<string | Buffer>((k, part) => mac(k, part).digest(), `AWS4${secretAccessKey}`);
  return {
    ...named,
    Authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join("/")}, SignedHeaders=${names}, Signature=${mac(key, text).digest("hex")}`,
  };
}
