import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { apiClient, type ApiClient, listen, ProblemError, type Route, route } from "../../src/index.ts";
import { OFFICER, serve } from "./server.ts";

const MIB = 1024 * 1024;
let held: Readable | undefined;

const routes: Route[] = [
  route({
    method: "get",
    path: "/api/v1/things/:id",
    action: "status.read",
    summary: "One",
    params: z.object({ id: z.string() }),
    query: z.object({ q: z.string().optional(), tag: z.union([z.string(), z.array(z.string())]).optional() }),
    response: z.unknown(),
    handle: ({ params, query }) => Promise.resolve({ ...params, ...query }),
  }),
  route({
    method: "post",
    path: "/api/v1/things",
    action: "import",
    summary: "Adds",
    body: z.object({ name: z.string() }),
    response: z.unknown(),
    handle: ({ body }) => Promise.resolve(body),
  }),
  route({
    method: "delete",
    path: "/api/v1/things/:id",
    action: "import",
    summary: "Ends",
    params: z.object({ id: z.string() }),
    handle: () => Promise.resolve(),
  }),
  route({
    method: "post",
    path: "/api/v1/files",
    action: "import",
    summary: "Takes a file",
    upload: true,
    maxBytes: 20 * MIB,
    response: z.object({ bytes: z.int() }),
    handle: async ({ upload }) => {
      let bytes = 0;
      for await (const chunk of upload as AsyncIterable<Buffer>) bytes += chunk.length;
      return { bytes };
    },
  }),
  route({
    method: "post",
    path: "/api/v1/held",
    action: "import",
    summary: "Reads slowly",
    upload: true,
    handle: async ({ upload }) => {
      held = upload;
      await new Promise((resolve) => upload.once("close", resolve));
    },
  }),
  route({
    method: "get",
    path: "/api/v1/files/:size",
    action: "export",
    summary: "Gives a file",
    params: z.object({ size: z.coerce.number() }),
    download: true,
    handle: async ({ params, response }) => {
      response.type("application/zip").set("Content-Length", String(params.size));
      await new Promise((resolve) => {
        Readable.from(pieces(params.size), { objectMode: false }).pipe(response).once("finish", resolve);
      });
    },
  }),
  route({
    method: "get",
    path: "/api/v1/cut",
    action: "export",
    summary: "Is cut short",
    download: true,
    handle: async ({ response }) => {
      response.write("part of it");
      await sleep(20);
      throw new Error("cut");
    },
  }),
  route({
    method: "get",
    path: "/api/v1/waits",
    action: "export",
    summary: "Waits",
    handle: ({ signal }) => new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
  }),
];

function* pieces(size: number): Generator<Buffer> {
  for (let left = size; left > 0; left -= 65_536) yield Buffer.alloc(Math.min(left, 65_536));
}

const server = serve(routes);
let client: ApiClient;
beforeAll(() => {
  client = apiClient({ url: server.url, token: OFFICER });
});
afterAll(() => client.close());

describe("apiClient", () => {
  it("calls and gets what a schema makes of the answer", async () => {
    const answer = await client.call("post", "/api/v1/things", {
      body: { name: "é" },
      response: z.object({ name: z.string() }),
    });

    expect(answer.name).toBe("é");
    expect(await client.call("delete", "/api/v1/things/:id", { params: { id: "x" } })).toBeUndefined();
  });

  it("escapes parameters and queries", async () => {
    const id = "../a b/c?d#e%2f";

    expect(
      await client.call("get", "/api/v1/things/:id", {
        params: { id },
        query: { q: "a&b=c +ü", tag: ["1", "2"] },
      }),
    ).toEqual({ id, q: "a&b=c +ü", tag: ["1", "2"] });
  });

  it("throws the server's problem", async () => {
    await expect(client.call("post", "/api/v1/things", { body: { title: 1 } })).rejects.toMatchObject({
      name: "ProblemError",
      status: 400,
      code: "invalid-request",
      fields: [
        { in: "body", path: "name" },
        { in: "body", problem: "unknown field" },
      ],
    });
    await expect(
      apiClient({ url: server.url, token: "wrong" }).call("get", "/api/v1/things/x"),
    ).rejects.toMatchObject({ status: 401 });
  });

  it("uploads as it reads", async () => {
    expect(
      await client.upload("/api/v1/files", Readable.from(pieces(10 * MIB), { objectMode: false })),
    ).toEqual({ bytes: 10 * MIB });
    expect(
      await client.upload("/api/v1/files", Readable.from([Buffer.from("abc")]), { sizeBytes: 3 }),
    ).toEqual({ bytes: 3 });
    expect(await client.upload("/api/v1/files", Readable.from([]))).toEqual({ bytes: 0 });
  });

  it("reads no more of an upload than the server takes", async () => {
    let given = 0;
    const endless = new Readable({
      read() {
        given += 65_536;
        this.push(Buffer.alloc(65_536));
      },
    });
    const leave = new AbortController();
    const uploading = client.upload("/api/v1/held", endless, { signal: leave.signal });
    while (!held) await sleep(5);
    await sleep(300);
    const before = given;
    await sleep(300);

    expect(given).toBe(before);
    leave.abort();
    await expect(uploading).rejects.toMatchObject({ name: "AbortError" });
  });

  it("gets the refusal of an upload that is too large, and can go on", async () => {
    const upload = () =>
      client.upload("/api/v1/files", Readable.from(pieces(60 * MIB), { objectMode: false }));

    await expect(upload()).rejects.toMatchObject({ status: 413, code: "too-large" });
    await expect(upload()).rejects.toMatchObject({ status: 413, code: "too-large" });
    expect(await client.call("get", "/api/v1/things/:id", { params: { id: "x" } })).toEqual({ id: "x" });
  });

  it("fails an upload whose source fails, with the source's own error", async () => {
    const source = new PassThrough();
    source.write("some");
    setTimeout(() => source.destroy(new Error("disk")), 20);

    await expect(client.upload("/api/v1/files", source)).rejects.toThrow("disk");
  });

  it("downloads as it comes", async () => {
    const download = await client.download("/api/v1/files/:size", { params: { size: String(5 * MIB) } });

    expect(download).toMatchObject({ mediaType: "application/zip", sizeBytes: 5 * MIB });
    expect((await buffer(download.body)).length).toBe(5 * MIB);
  });

  it("fails a download that was cut short", async () => {
    const { body } = await client.download("/api/v1/cut");

    await expect(text(body)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("lets go of a connection long before the server does", async () => {
    const sockets = new Set<Socket>();
    const kept = await listen(
      (request, response) => {
        sockets.add(request.socket);
        response.end("true");
      },
      { port: 0 },
    );
    const idle = apiClient({ url: kept.url });
    try {
      await idle.call("get", "/x");
      await idle.call("get", "/x");
      expect(sockets.size).toBe(1);
      const [socket] = sockets;
      const [hadError] = (await once(socket!, "close")) as [boolean];
      expect(hadError).toBe(false);
      // Whoever ends a connection sends its end first: the server's own is an answer to it.
      expect(socket!.readableEnded).toBe(true);
    } finally {
      idle.close();
      await kept.close();
    }
  });

  it("stops waiting when its signal says so", async () => {
    const signal = AbortSignal.timeout(50);

    await expect(client.call("get", "/api/v1/waits", { signal })).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });
});

describe("apiClient, where no Daybook server is", () => {
  const servers: Server[] = [];
  afterAll(() => {
    for (const one of servers) one.close().closeAllConnections();
  });
  async function other(listener: RequestListener): Promise<ApiClient> {
    const one = createServer(listener);
    servers.push(one);
    await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
    return apiClient({ url: `http://127.0.0.1:${(one.address() as AddressInfo).port}`, token: "t" });
  }

  it("says in one line that nobody answers, and what to do", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const failed = await apiClient({ url: `http://127.0.0.1:${port}`, token: "t" })
      .call("get", "/x")
      .catch((err: unknown) => err);

    expect(failed).toMatchObject({ code: "no-server" });
    expect((failed as ProblemError).message).toMatch(/^[^\n]*daybook up[^\n]*$/);
  });

  it.each<[string, RequestListener, string]>([
    [
      "redirects",
      (_, response) => void response.writeHead(302, { location: "/elsewhere" }).end(),
      "not-daybook",
    ],
    ["answers in HTML", (_, response) => void response.writeHead(200).end("<html>"), "not-daybook"],
    ["fails in HTML", (_, response) => void response.writeHead(500).end("<html>"), "not-daybook"],
    [
      "fails in JSON of its own",
      (_, response) => void response.writeHead(500).end('{"error":"x"}'),
      "not-daybook",
    ],
    ["hangs up", (_, response) => void response.destroy(), "interrupted"],
    [
      "hangs up in the middle",
      (_, response) =>
        void response.writeHead(200, { "content-length": 9 }).end("{", () => response.destroy()),
      "interrupted",
    ],
    [
      "answers without end",
      (_, response) => void Readable.from(pieces(200 * MIB)).pipe(response),
      "not-daybook",
    ],
  ])("is not taken in by one that %s", async (_, listener, code) => {
    await expect((await other(listener)).call("get", "/x")).rejects.toMatchObject({ code });
  });

  it("sends its token after no redirect", async () => {
    const seen: string[] = [];
    const target = await other((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(request.url === "/x" ? 307 : 200, { location: "/stolen" }).end("{}");
    });
    await target.call("get", "/x").catch(() => undefined);

    expect(seen).toEqual(["/x"]);
  });

  it.each([
    "ftp://localhost",
    "localhost:4000",
    "",
    "http://daybook.example",
    "http://10.0.0.1",
    "http://user:pass@localhost",
  ])("refuses to send a token to %j", (url) => {
    expect(() => apiClient({ url, token: "t" })).toThrow(ProblemError);
  });

  it.each(["https://daybook.example", "http://localhost:1", "http://[::1]:1", "http://127.0.0.1"])(
    "takes %s",
    (url) => {
      expect(() => apiClient({ url, token: "t" })).not.toThrow();
    },
  );
});
