import { z } from "zod";
import { route } from "../../src/index.ts";
import { serve } from "./server.ts";

const ROUTES = [
  route({
    method: "get",
    path: "/api/v1/thing",
    action: "matter.read",
    summary: "A thing",
    response: z.object({}),
    handle: () => Promise.resolve({}),
  }),
];
const options = { failuresAllowed: 1 };

/** What a wrong token is answered, shown by whom this header names. */
async function guess(server: ReturnType<typeof serve>, from: string): Promise<number> {
  const sent = { token: "wrong", headers: { "x-forwarded-for": from } };
  return (await server.send("GET", "/api/v1/thing", sent)).status;
}

describe("the limit on wrong tokens, behind a proxy that is trusted", () => {
  const server = serve(ROUTES, { ...options, trustedProxies: ["192.0.2.1", "127.0.0.0/8"] });

  it("is each one's own, by the address that the proxy names", async () => {
    expect([await guess(server, "203.0.113.1"), await guess(server, "203.0.113.1")]).toEqual([401, 429]);
    expect([await guess(server, "203.0.113.2"), await guess(server, "2001:db8::1")]).toEqual([401, 401]);
  });

  it("believes nothing that was said to the proxy", async () => {
    expect(await guess(server, "198.51.100.1, 203.0.113.3")).toBe(401);
    expect(await guess(server, "198.51.100.2, 203.0.113.3")).toBe(429);
  });

  it("believes it through a second proxy that is trusted", async () => {
    expect(await guess(server, "203.0.113.4, 192.0.2.1")).toBe(401);
    expect(await guess(server, "203.0.113.4, 192.0.2.1")).toBe(429);
  });

  it("takes what is no address for the proxy's own", async () => {
    expect([await guess(server, "somebody"), await guess(server, "x".repeat(5_000))]).toEqual([401, 429]);
  });
});

describe("the limit on wrong tokens, where the peer is no proxy", () => {
  const server = serve(ROUTES, { ...options, trustedProxies: ["192.0.2.1", "127.0.0.2"] });

  it("does not read whom the peer names", async () => {
    expect([await guess(server, "203.0.113.1"), await guess(server, "203.0.113.2")]).toEqual([401, 429]);
  });
});

describe("the limit on wrong tokens, where no proxy is trusted", () => {
  const server = serve(ROUTES, options);

  it("does not read whom the peer names", async () => {
    expect([await guess(server, "203.0.113.1"), await guess(server, "203.0.113.2")]).toEqual([401, 429]);
  });
});
