import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { GraphApi, MEDIA_LIFE_MS, URL_LIFE_MS } from "./graph-api.ts";

const APP = { secret: "made up", accessToken: "made up too" };
const headers = { authorization: `Bearer ${APP.accessToken}` };
let api: GraphApi;
let later = 0;
beforeEach(async () => {
  later = 0;
  api = await GraphApi.start(APP);
  api.now = () => Date.now() + later;
});
afterEach(() => api.close());

const tell = async (id: string) =>
  (await fetch(`${api.url}/${id}`, { headers })).json() as Promise<{ url: string }>;
const send = async (body: object) =>
  fetch(`${api.url}/1/messages`, { method: "POST", headers, body: JSON.stringify(body) });
const codeOf = async (response: Response) =>
  ((await response.json()) as { error: { code: number } }).error.code;

it("lets a medium's address run out after 5 minutes, and its id after 7 days", async () => {
  const { id } = api.upload(Buffer.from("bytes"), "image/png");
  const { url } = await tell(id);
  expect(await (await fetch(url, { headers })).text()).toBe("bytes");
  expect((await fetch(url)).status).toBe(401);
  later = URL_LIFE_MS;
  expect((await fetch(url, { headers })).status).toBe(404);
  expect((await fetch((await tell(id)).url, { headers })).status).toBe(200);
  later = MEDIA_LIFE_MS;
  expect((await fetch(`${api.url}/${id}`, { headers })).status).toBe(400);
});

it("takes free text for 24 hours, templates always, and no more than its rate", async () => {
  const free = { to: "1555", type: "text", text: { body: "A" } };
  expect(await codeOf(await send(free))).toBe(131047);
  expect((await send({ ...free, type: "template" })).status).toBe(200);
  api.wrote("1555");
  expect((await send(free)).status).toBe(200);
  later = 86_400_000;
  expect(await codeOf(await send(free))).toBe(131047);
  api.wrote("1555");
  api.perSecond = 0;
  expect(await codeOf(await send(free))).toBe(130429);
});

it("signs what it sends, escaped, and sends it until it is answered with 200", async () => {
  const bodies: string[] = [];
  const statuses = [503, 500, 200];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
    request.on("end", () => {
      if (request.headers["x-hub-signature-256"] === api.sign(Buffer.from(body, "latin1"))) bodies.push(body);
      response.writeHead(statuses.shift() ?? 200).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  expect(await api.deliver(url, { text: "é a/b" })).toBe(3);
  expect(bodies).toEqual(Array(3).fill('{"text":"\\u00e9 a\\/b"}'));
  server.closeAllConnections();
  server.close();
});
