import { connect } from "node:net";
import { AGENT_LIMITS } from "@daybook/contract";
import { TestAgent } from "@daybook/contract/testing";
import { intake, until } from "./support.ts";

const stage = intake();
let agent: TestAgent;
let other: TestAgent;
beforeAll(async () => {
  agent = await stage.enrolled();
  other = await stage.enrolled();
});
afterEach(() => {
  expect(stage.records(agent)).toEqual([]);
  expect(stage.records(other)).toEqual([]);
});

/** Sends bytes under any signature. */
async function send(
  body: Buffer,
  signature: string,
  path = `/agents/v1/${agent.id}/batches/1`,
  headers = {},
) {
  const response = await fetch(stage.url + path, {
    method: "POST",
    body: new Uint8Array(body),
    headers: { "daybook-signature": signature, ...headers },
  });
  return { status: response.status, text: await response.text() };
}
const signed = (value: unknown, number = 1) => {
  const body = Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
  return { body, signature: agent.signature({ what: "batch", agent: agent.id, number }, body) };
};

describe("nothing is kept of a batch", () => {
  const forbidden = { status: 403, text: '{"code":"forbidden"}' };

  it("signed by another key, for another agent, another number, or with another body", async () => {
    const batch = agent.batch(1, [{ raw: "forged" }]);
    const theirs = other.signature({ what: "batch", agent: agent.id, number: 1 }, batch.body);
    expect(await send(batch.body, theirs)).toEqual(forbidden);
    expect(await send(batch.body, batch.signature, `/agents/v1/${other.id}/batches/1`)).toEqual(forbidden);
    expect(await send(batch.body, batch.signature, `/agents/v1/${agent.id}/batches/2`)).toEqual(forbidden);
    expect(await send(Buffer.concat([batch.body, Buffer.from(" ")]), batch.signature)).toEqual(forbidden);
    const part = agent.signature({ what: "part", agent: agent.id, sha256: "0".repeat(64) }, batch.body);
    expect(await send(batch.body, part)).toEqual(forbidden);
  });

  it("of an agent that never enrolled, which is not even read", async () => {
    const stranger = new TestAgent();
    stranger.id = crypto.randomUUID();
    const { body, signature } = stranger.batch(1);
    expect(await send(body, signature, `/agents/v1/${stranger.id}/batches/1`)).toEqual(forbidden);
  });

  it.each([
    ["not JSON", "{"],
    ["not UTF-8", Buffer.from([0xff, 0xfe])],
    [
      "another agent's",
      { v: 1, agent: crypto.randomUUID(), number: 1, answeredThrough: 0, at: 0, entries: [] },
    ],
    ["what it is not", { v: 2 }],
    ["deep", `${"[".repeat(200_000)}${"]".repeat(200_000)}`],
  ])("whose body is %s", async (_, value) => {
    const body = Buffer.isBuffer(value)
      ? value
      : Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
    const signature = agent.signature({ what: "batch", agent: agent.id, number: 1 }, body);
    expect(await send(body, signature)).toMatchObject({ status: 400, text: '{"code":"malformed"}' });
  });

  it("that claims answers which it cannot have, another number, too many entries, too long a one, or more than is known", async () => {
    const fine = { v: 1, agent: agent.id, number: 1, answeredThrough: 0, at: 0, entries: [] };
    const entry = { raw: "" };
    for (const wrong of [
      { ...fine, answeredThrough: 1 },
      { ...fine, number: 2 },
      { ...fine, entries: Array.from({ length: AGENT_LIMITS.entries + 1 }, () => entry) },
      { ...fine, entries: [{ raw: "A".repeat(1_500_000) }] },
      { ...fine, entries: [{ raw: "not base64!" }] },
      { ...fine, problems: ["Ada Lovelace lost it"] },
      { ...fine, more: 1 },
    ]) {
      const { body, signature } = signed(wrong);
      expect(await send(body, signature)).toMatchObject({ status: 400 });
    }
  });

  it("that is too large, compressed, unsigned, or signed by something that is no signature", async () => {
    const large = signed(`"${"a".repeat(AGENT_LIMITS.batchBytes)}"`);
    expect((await send(large.body, large.signature)).status).toBe(413);
    const { body, signature } = agent.batch(1);
    const path = `/agents/v1/${agent.id}/batches/1`;
    expect((await send(body, signature, path, { "content-encoding": "gzip" })).status).toBe(415);
    expect((await fetch(stage.url + path, { method: "POST", body: new Uint8Array(body) })).status).toBe(401);
    for (const nonsense of ["", "é".repeat(4), "A".repeat(1_000), "not base64!"])
      expect((await send(body, encodeURI(nonsense), path)).status).toBe(401);
    expect(await send(body, "AAAA", path)).toEqual(forbidden);
  });

  it("that comes another way", async () => {
    const { body, signature } = agent.batch(1);
    for (const path of [
      "/",
      "/agents/v1",
      `/agents/v1/${agent.id}/batches/0`,
      `/agents/v1/${agent.id}/batches/1?x=1`,
      `/agents/v1/${agent.id}/batches/01`,
      `/agents/v1/${agent.id.toUpperCase()}/batches/1`,
      `/agents/v1/${agent.id}/batches/${"9".repeat(16)}`,
      `/agents/v1/${agent.id}/batches/${"9".repeat(400)}`,
    ])
      expect((await send(body, signature, path)).status).toBe(404);
    const got = await fetch(`${stage.url}/agents/v1/${agent.id}/batches/1`);
    expect(got.status).toBe(405);
  });

  it("that breaks off", async () => {
    const { body, signature } = agent.batch(1, [{ raw: "half" }]);
    const socket = connect(Number(new URL(stage.url).port), "127.0.0.1");
    socket.write(
      `POST /agents/v1/${agent.id}/batches/1 HTTP/1.1\r\nhost: x\r\ndaybook-signature: ${signature}\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body.subarray(0, body.length - 1));
    socket.resume().end();
    await new Promise((resolve) => socket.on("close", resolve));
  });
});

it("keeps nobody out by many batches at once that come slowly", async () => {
  const sockets = Array.from({ length: 40 }, (_, i) => {
    const socket = connect(Number(new URL(stage.url).port), "127.0.0.1");
    socket.on("error", () => undefined).resume();
    socket.write(
      `POST /agents/v1/${agent.id}/batches/${i + 1} HTTP/1.1\r\nhost: x\r\ndaybook-signature: AAAA\r\ncontent-length: 100\r\n\r\n{`,
    );
    return socket;
  });
  // Those beyond what one may have under way are answered; the others hold what they have.
  await until(() => sockets.filter(({ bytesRead }) => bytesRead > 0).length >= 8);
  const { body, signature } = other.batch(1);
  expect((await send(body, signature, `/agents/v1/${other.id}/batches/1`)).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

describe("nobody enrols", () => {
  it("by a code that is none, with a key that is none, or without its signature", async () => {
    const stranger = new TestAgent();
    expect(await stranger.enrol(stage.url, "GUESSED")).toMatchObject({ status: 403 });
    stage.registry.codes.set("GOOD", crypto.randomUUID());
    const of = (publicKey: Buffer) =>
      Buffer.from(JSON.stringify({ v: 1, code: "GOOD", publicKey: publicKey.toString("base64") }));
    for (const body of [
      of(Buffer.from("no key")),
      of(Buffer.concat([stranger.publicKey, Buffer.from([0])])),
      Buffer.from("{"),
    ]) {
      const answer = await send(body, stranger.signature({ what: "enrol" }, body), "/agents/v1/enrol");
      expect(answer.status).toBe(403);
    }
    const body = of(stranger.publicKey);
    expect((await send(body, other.signature({ what: "enrol" }, body), "/agents/v1/enrol")).status).toBe(403);
    const long = Buffer.from(`"${"a".repeat(5_000)}"`);
    expect((await send(long, stranger.signature({ what: "enrol" }, long), "/agents/v1/enrol")).status).toBe(
      413,
    );
    expect(stage.registry.known.size).toBe(2);
  });
});

it("leaves nothing of what was sent in the log", () => {
  const logged = stage.log.join("");
  for (const secret of ["forged", "Ada Lovelace", "half", agent.publicKey.toString("base64")])
    expect(logged).not.toContain(secret);
});
