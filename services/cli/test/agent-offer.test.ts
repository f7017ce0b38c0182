import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type Listening, listen } from "@daybook/runtime";
import { createProgram } from "../src/program.ts";

const ID = "00000000-0000-4000-8000-000000000001";
const before = { ...process.env };

let listening: Listening;
const asked: { method: string; path: string; body: unknown }[] = [];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  const path = new URL(request.url ?? "", "http://localhost").pathname;
  asked.push({ method: request.method ?? "", path, body: body === "" ? undefined : JSON.parse(body) });
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.method === "GET" ? { agents: [], next: null } : { id: ID }));
}

beforeAll(async () => {
  listening = await listen((request, response) => void answer(request, response), { port: 0 });
  process.env.DAYBOOK_URL = listening.url;
  process.env.DAYBOOK_TOKEN = "token";
});
afterAll(async () => {
  process.env = before;
  await listening.close();
});

const run = (...args: string[]) =>
  createProgram(process.env, new AbortController().signal).parseAsync(["node", "daybook", "agent", ...args]);

it("offers an agent a code, lists agents, and shuts one out", async () => {
  const about = ["--custodian", "Ann Lee", "--device", ID, "--reason", "issued"];
  await run("offer", "--kind", "mac-imessage", "--identifier", "ann@minister.example", ...about);
  await run("offer", "--kind", "android-sms", "--identifier", "+447700900123", ...about, "--json");
  await run("list");
  await run("revoke", ID, "--reason", "lost");

  const body = { custodian: "Ann Lee", device: ID, reason: "issued" };
  expect(asked).toEqual([
    {
      method: "POST",
      path: "/api/v1/agents",
      body: { ...body, kind: "mac-imessage", network: "imessage", identifier: "ann@minister.example" },
    },
    {
      method: "POST",
      path: "/api/v1/agents",
      body: { ...body, kind: "android-sms", network: "sms", identifier: "+447700900123" },
    },
    { method: "GET", path: "/api/v1/agents", body: undefined },
    { method: "POST", path: `/api/v1/agents/${ID}/revoke`, body: { reason: "lost" } },
  ]);
});
