import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ApiClient, apiClient } from "@daybook/runtime";
import { factsOverHttp, type RetentionFacts } from "../src/index.ts";

const never = new AbortController().signal;
const A = "ab".repeat(32);
const B = "cd".repeat(32);

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let answer: Answer;
let asked: string[];
let client: ApiClient;
let facts: RetentionFacts;
const server = createServer((request, response) => {
  asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
  answer(request, response);
});
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = apiClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t" });
  facts = factsOverHttp(client);
});
afterAll(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
});

const json =
  (value: unknown): Answer =>
  (_, response) => {
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(value));
  };
const text =
  (body: string): Answer =>
  (_, response) => {
    response.setHeader("Content-Type", "application/x-ndjson").end(body);
  };
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
const held = (digest: string) => `${JSON.stringify({ shard: "0", first: 0, digest })}\n`;

describe("the facts over HTTP", () => {
  it("come page by page", async () => {
    answer = (request, response) =>
      json(
        request.url?.includes("after=")
          ? { disposals: [{ id: "b", auditId: "x", shard: "1", index: 7 }], next: null }
          : { disposals: [{ id: "a", auditId: "x", shard: "0", index: 3 }], next: "a" },
      )(request, response);

    expect(await all(facts.disposed())).toMatchObject([
      { shard: "0", index: 3 },
      { shard: "1", index: 7 },
    ]);
    expect(asked).toEqual(["GET /internal/v1/disposed", "GET /internal/v1/disposed?after=a"]);
  });

  it("come line by line, wherever the network cuts them", async () => {
    answer = (_, response) => {
      const body = held(A) + held(B);
      response.write(body.slice(0, 30));
      setTimeout(() => response.end(body.slice(30)), 20);
    };
    expect(await all(facts.heldSegments())).toEqual([A, B]);

    answer = text(`${JSON.stringify({ sealed: A, held: true })}\n`);
    expect(await all(facts.claimed())).toEqual([{ sealed: A, held: true }]);
    answer = text("");
    expect(await all(facts.heldSegments())).toEqual([]);
  });

  it("wait until every shard is archived to its end", async () => {
    const bodies: unknown[] = [];
    answer = (request, response) => {
      if (request.method === "GET") {
        json({
          shards: [
            { shard: "0", settled: 7, lag: 3 },
            { shard: "audit", settled: 2, lag: 0 },
          ],
        })(request, response);
        return;
      }
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        bodies.push(JSON.parse(body));
        response.writeHead(204).end();
      });
    };
    await facts.archived(never);

    expect(bodies).toEqual([
      { shard: "0", offset: 10, flush: true },
      { shard: "audit", offset: 2, flush: true },
    ]);
  });

  it.each<[string, Answer]>([
    ["a failure after some lines", text(`${held(A)}${JSON.stringify({ ok: false, code: "internal" })}\n`)],
    ["a last line without an end", text(held(A).slice(0, -1))],
    ["something else than JSON", text("<html>\n")],
    ["a line without an end in sight", text("x".repeat(10_000))],
    ["an error", (_, response) => response.writeHead(500).end()],
    [
      "a connection that breaks",
      (_, response) => {
        response.write(held(A));
        setTimeout(() => response.destroy(), 20);
      },
    ],
  ])("are refused whole when the answer is %s", async (_, broken) => {
    answer = broken;

    await expect(all(facts.heldSegments())).rejects.toMatchObject({ code: "facts-unavailable" });
  });

  it("are refused when a page is something else", async () => {
    answer = json({ disposals: [{ shard: "0" }], next: null });

    await expect(all(facts.disposed())).rejects.toMatchObject({ code: "facts-unavailable" });
  });
});
