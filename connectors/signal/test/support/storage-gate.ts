import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:https";
import type { IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { mock, type MockSignal, Proto } from "./mock-signal.ts";

const certs = join(
  dirname(createRequire(import.meta.url).resolve("@signalapp/mock-server/package.json")),
  "certs",
);

/** What lies before the mock's storage service: nothing, or something that Signal's own does and its mock never does. */
export type Gate =
  | { readonly is: "open" }
  | { readonly is: "refusing"; readonly status: number; readonly headers?: Record<string, string> }
  | { readonly is: "hanging" }
  /** Logs come in pages of so many changes, and with 206. */
  | { readonly is: "paging"; readonly size: number };

/** The mock's storage service behind a gate. */
export async function startStorageGate({ servers }: MockSignal) {
  const { certificateAuthority } = await mock.loadCertificates();
  const gate = { state: { is: "open" } as Gate, asked: [] as string[], storage: "" };
  const server = createServer(
    { key: readFileSync(join(certs, "key.pem")), cert: readFileSync(join(certs, "full-cert.pem")) },
    (req, res) => {
      const { state } = gate;
      gate.asked.push(req.url ?? "");
      if (state.is === "hanging") return;
      if (state.is === "refusing") {
        res.writeHead(state.status, state.headers).end();
        return;
      }
      const { host: _, ...headers } = req.headers;
      const onward = request(`${servers.storage}${req.url ?? ""}`, { headers, ca: certificateAuthority });
      // The mock may be gone before the gate is.
      const giveUp = () => res.destroy();
      onward.on("error", giveUp);
      onward.on("response", (answer) => {
        bodyOf(answer).then((body) => {
          const from = /\/logs\/(\d+)/.exec(req.url ?? "")?.[1];
          if (state.is !== "paging" || from === undefined || answer.statusCode !== 200) {
            res.writeHead(answer.statusCode ?? 500).end(body);
            return;
          }
          const { groupChanges } = Proto.GroupChanges.decode(body);
          const page = groupChanges.slice(0, state.size);
          const [first, all] = [Number(from), groupChanges.length];
          const range = `versions ${first}-${first + page.length - 1}/${first + all}`;
          res
            .writeHead(page.length < all ? 206 : 200, { "content-range": range })
            .end(Proto.GroupChanges.encode({ groupChanges: page, groupSendEndorsementsResponse: null }));
        }, giveUp);
      });
      onward.end();
    },
  );
  server.listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return Object.assign(gate, {
    storage: `https://localhost:${port}`,
    /** Ends what hangs. */
    hangUp: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

async function bodyOf(answer: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return new Uint8Array(Buffer.concat(chunks));
}
