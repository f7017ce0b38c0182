import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { apiClient } from "@daybook/runtime";
import { importedFilesClient, registryClient } from "../src/index.ts";

let server: Server;
let answer: RequestListener = () => undefined;
const client = () => apiClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("a registry that hangs", () => {
  const hang: RequestListener = () => undefined;

  it("leaves the scope that was read last, and none where none was", async () => {
    const registry = registryClient(client(), 50);
    answer = hang;
    await expect(registry.scope()).rejects.toMatchObject({ code: "unavailable", retryable: true });

    const rules = { version: 3, rules: [] };
    answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(rules));
    };
    const patient = registryClient(client(), 1_000);
    expect(await patient.scope()).toEqual(rules);
    answer = hang;
    expect(await patient.scope()).toEqual(rules);
  });

  it("says of nothing that it is not there", async () => {
    answer = hang;
    const registry = registryClient(client(), 50);
    const account = { custodian: "c1", network: "sms", method: "carrier", actor: "test" } as const;
    for (const asked of [registry.find("Ann"), registry.custodian("Ann", "test"), registry.account(account)])
      await expect(asked).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });
});

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const about = { custodian: { id: "c1", name: "Ann" }, source: { sha256: "ab", line: 1 } };
const raw = (text: string) => Buffer.from(text).toString("base64");
const RECORDS = [
  { id: "1", kind: "notice", ...about, raw: raw("{}") },
  { id: "2", kind: "notice", ...about, conversation: { id: "k1" }, raw: raw("Ann left ✓") },
  { id: "3", kind: "message", ...about, conversation: { id: "k1" }, raw: raw("hello") },
  { id: "4", kind: "gap", ...about, conversation: { id: "k1" }, raw: "" },
  { id: "5", kind: "coverage", custodian: about.custodian, raw: "" },
];
const ndjson = RECORDS.map((record) => `${JSON.stringify(record)}\n`).join("");

describe("what the records service supplies to capture", () => {
  it("is told apart: notices of files, also of those not kept, and lines of chats", async () => {
    answer = (_, response) => {
      const bytes = Buffer.from(ndjson);
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    };
    const files = importedFilesClient(client());

    expect(await gathered(files.notices())).toEqual([{ id: "1", custodian: "c1", file: "ab", raw: "{}" }]);
    const line = { custodian: "c1", conversation: "k1", file: "ab" };
    expect(await gathered(files.lines())).toEqual([
      { ...line, raw: Buffer.from("Ann left ✓") },
      { ...line, raw: Buffer.from("hello") },
    ]);
  });

  it.each([
    ["says that it failed", (end: () => void) => end, `${ndjson}{"ok":false,"code":"unavailable"}\n`],
    ["breaks off", (_: () => void, cut: () => void) => cut, ndjson],
  ])("is not all there is when its answer %s", async (_, ending, text) => {
    answer = (_request, response) => {
      response.write(text, () =>
        ending(
          () => response.end(),
          () => response.destroy(),
        )(),
      );
    };
    const files = importedFilesClient(client());

    await expect(gathered(files.lines())).rejects.toMatchObject({ code: "unavailable", retryable: true });
  });

  it("has no custodian where it knows none of that name, and says where it knows two", async () => {
    const problem =
      (status: number, code: string): RequestListener =>
      (_, response) => {
        response.writeHead(status, { "content-type": "application/problem+json" });
        response.end(JSON.stringify({ status, code, detail: "why" }));
      };
    answer = problem(404, "no-such-custodian");
    expect(await registryClient(client()).find("Ann")).toBeUndefined();
    answer = problem(409, "ambiguous-custodian");
    await expect(registryClient(client()).find("Ann")).rejects.toMatchObject({ code: "ambiguous-custodian" });
    answer = problem(503, "starting");
    await expect(registryClient(client()).find("Ann")).rejects.toMatchObject({ code: "unavailable" });
  });
});
