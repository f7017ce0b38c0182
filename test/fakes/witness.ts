import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { openCheckpoint, parseVkey, readCheckpoint, verifyConsistency } from "@daybook/archive-core";
import { type Cosigner, cosigner } from "@daybook/archive-core/testing";

/** A witness of c2sp.org/tlog-witness that works, and that a test can spoil. */
export interface FakeWitness extends Pick<Cosigner, "name" | "vkey"> {
  /** Its submission prefix. */
  readonly url: string;
  /** Bodies of the requests it got, in order. */
  readonly asked: string[];
  /** Answers the coming requests itself; a request that it leaves alone is handled as usual. */
  spoil: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  addLog(vkey: string): void;
  /** What it remembers of a log: as if it had been shown another tree. */
  remember(origin: string, tree: { size: number; root: Buffer }): void;
  stop(): Promise<void>;
}

interface Tree {
  readonly size: number;
  readonly root: Buffer;
}

/** @param now its clock */
export async function startFakeWitness({
  name = "witness.fake",
  seed = Buffer.alloc(32, 5),
  now = () => new Date(),
}: { name?: string; seed?: Buffer; now?: () => Date } = {}): Promise<FakeWitness> {
  const key = cosigner(name, seed);
  const logs = new Map<string, ReturnType<typeof parseVkey>>();
  const trees = new Map<string, Tree>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      asked.push(body);
      if (witness.spoil?.(request, response)) return;
      if (request.method !== "POST" || request.url !== "/add-checkpoint") response.writeHead(404).end();
      else addCheckpoint(body, response);
    });
  });

  function addCheckpoint(body: string, response: ServerResponse): void {
    const end = body.indexOf("\n\n");
    const [first, ...lines] = body.slice(0, end).split("\n");
    const note = body.slice(end + 2);
    const old = Number(/^old (0|[1-9]\d*)$/.exec(first ?? "")?.[1] ?? NaN);
    const { origin, size, root } = readCheckpoint(note);
    const log = logs.get(origin);
    if (!log) return void response.writeHead(404).end();
    try {
      openCheckpoint(note, log);
    } catch {
      return void response.writeHead(403).end();
    }
    if (!(old <= size) || lines.length > 63) return void response.writeHead(400).end();
    const known = trees.get(origin) ?? { size: 0, root: Buffer.alloc(0) };
    const isOther = old === size && known.size > 0 && !known.root.equals(root);
    if (known.size !== old || isOther) {
      return void response.writeHead(409, { "content-type": "text/x.tlog.size" }).end(`${known.size}\n`);
    }
    const proof = lines.map((line) => Buffer.from(line, "base64"));
    if (old === 0 ? proof.length > 0 : !verifyConsistency(old, known.root, size, root, proof))
      return void response.writeHead(422).end();
    trees.set(origin, { size, root });
    response.writeHead(200).end(key.cosign(note, now()));
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const witness: FakeWitness = {
    name,
    vkey: key.vkey,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    spoil: undefined,
    addLog(vkey) {
      const log = parseVkey(vkey);
      logs.set(log.name, log);
    },
    remember: (origin, tree) => void trees.set(origin, tree),
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return witness;
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
