import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { SignalServers } from "../../src/index.ts";

const certs = join(
  dirname(createRequire(import.meta.url).resolve("@signalapp/mock-server/package.json")),
  "certs",
);

/** Stands before the mock's storage service, and answers in its place where a test has it do so. */
export async function startStorageFront({ storage, certificateAuthority }: SignalServers) {
  let instead: ((response: ServerResponse) => void) | undefined;
  const asked: string[] = [];
  const options = {
    key: readFileSync(join(certs, "key.pem")),
    cert: readFileSync(join(certs, "full-cert.pem")),
  };
  const server = createServer(options, (incoming, response) => {
    response.on("error", () => undefined);
    asked.push(incoming.url ?? "");
    if (instead) {
      incoming.resume();
      return instead(response);
    }
    const onward = request(
      `${storage}${incoming.url ?? ""}`,
      {
        method: incoming.method,
        headers: incoming.headers,
        ca: certificateAuthority,
        servername: "localhost",
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.on("error", () => response.destroy());
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    incoming.on("error", () => onward.destroy());
    incoming.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `https://localhost:${port}`,
    /** What was asked for, in order. */
    asked,
    /** @param answer undefined: the mock answers again */
    answer(answer?: (response: ServerResponse) => void) {
      instead = answer;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
