import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { S3Client } from "@aws-sdk/client-s3";

/** How an S3 store is reached. */
export interface S3Connection {
  /** `https://host[:port]`; plain `http://` for a store on this machine alone. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Certificates, PEM, that the store's is checked against, in place of the system's. */
  readonly ca?: string;
  readonly connectTimeoutMs?: number;
  /** For a request until its answer begins, and for any silence within it. */
  readonly requestTimeoutMs?: number;
  /** How often a request is made at most, before `store-unavailable`. */
  readonly attempts?: number;
  readonly maxConnections?: number;
}

/** A client that gives up in bounded time. Nothing is asked of the store yet. */
export function connect(connection: S3Connection): S3Client {
  const {
    endpoint,
    region,
    credentials,
    ca,
    connectTimeoutMs = 5_000,
    requestTimeoutMs = 60_000,
    attempts = 3,
    maxConnections = 50,
  } = connection;
  return new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: attempts,
    requestChecksumCalculation: "WHEN_SUPPORTED",
    responseChecksumValidation: "WHEN_SUPPORTED",
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      socketTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      // Agents, not what they are made of: for a body of 2 MiB or more the SDK would make one that knows no `ca`.
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets: maxConnections }),
      httpsAgent: new HttpsAgent({
        keepAlive: true,
        maxSockets: maxConnections,
        ...(ca !== undefined && { ca }),
      }),
    },
  });
}
