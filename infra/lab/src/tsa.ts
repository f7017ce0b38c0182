import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { localAddress } from "./s3-engine.ts";
import { makeTsaCertificates, type TsaCertificates } from "./tsa-certificates.ts";

/** A time-stamp authority that runs: OpenSSL's `ts`, behind HTTP. */
export interface Tsa {
  /** Where queries are posted. */
  readonly url: string;
  /** Its root's certificate, PEM. */
  readonly ca: string;
  readonly caFile: string;
  /** What `openssl ts -reply` answers to a query, without HTTP. */
  reply(query: Uint8Array): Promise<Buffer>;
  /** Answers 503 from now on, or no longer. */
  refuse(isRefusing: boolean): void;
  /** May be repeated. */
  stop(): Promise<void>;
}

const MAX_QUERY_BYTES = 64 * 1024;
const run = promisify(execFile);

/**
 * Starts a time-stamp authority on 127.0.0.1, with certificates of its own, new at each start.
 *
 * @param options.dir for its files; made when it is not there
 * @returns undefined where `openssl` is not installed
 */
export async function startTsa({
  dir,
  port,
  certificates = {},
}: {
  dir: string;
  port?: number;
  certificates?: TsaCertificates;
}): Promise<Tsa | undefined> {
  if (spawnSync("openssl", ["version"]).status !== 0) return undefined;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await makeTsaCertificates(dir, certificates);
  let isRefusing = false;
  // One after the other: OpenSSL counts its serial numbers in a file.
  let last: Promise<unknown> = Promise.resolve();
  const reply = (query: Uint8Array): Promise<Buffer> => {
    const mine = last.then(() => stampWith(dir, query));
    last = mine.catch(() => undefined);
    return mine;
  };
  const server = createServer((request, response) => {
    if (isRefusing) response.writeHead(503).end();
    else void answer(request, response, reply);
  });
  const [host, chosen] = (await localAddress(port)).split(":");
  server.listen(Number(chosen), host);
  await once(server, "listening");
  return {
    url: `http://${host}:${chosen}/`,
    ca: await readFile(join(dir, "ca.pem"), "utf8"),
    caFile: join(dir, "ca.pem"),
    reply,
    refuse: (refusing) => (isRefusing = refusing),
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  reply: (query: Uint8Array) => Promise<Buffer>,
): Promise<void> {
  try {
    if (request.method !== "POST" || request.headers["content-type"] !== "application/timestamp-query")
      return void response.writeHead(400).end();
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const query = Buffer.concat(chunks);
    if (query.length > MAX_QUERY_BYTES) return void response.writeHead(413).end();
    response.writeHead(200, { "content-type": "application/timestamp-reply" }).end(await reply(query));
  } catch {
    response.writeHead(500).end();
  }
}

/** As `openssl ts -reply` does, with the certificate of the signer's issuer put along. */
async function stampWith(dir: string, query: Uint8Array): Promise<Buffer> {
  const place = await mkdtemp(join(dir, "reply-"));
  try {
    await writeFile(join(place, "query.tsq"), query);
    await run(
      "openssl",
      [
        ...[
          "ts",
          "-reply",
          "-config",
          "tsa.cnf",
          "-section",
          "stamping",
          "-queryfile",
          join(place, "query.tsq"),
        ],
        ...["-signer", "tsa.pem", "-inkey", "tsa.key", "-chain", "chain.pem"],
        ...["-out", join(place, "reply.tsr")],
      ],
      { cwd: dir },
    );
    return await readFile(join(place, "reply.tsr"));
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
