import { createHash, randomBytes } from "node:crypto";
import { type Proxied, startProxied } from "./support/proxied.ts";
import { describeWith } from "./support/tools.ts";

/** What of the API is whose. */
const API = [
  ["capture", "/api/v1/imports"],
  ["capture", "/api/v1/imports/7?wait=1"],
  ["capture", "/api/v1/links"],
  ["capture", "/api/v1/links/7"],
  ["capture", "/api/v1/link-questions/7/answer"],
  ["capture", "/api/v1/self/links"],
  ["capture", "/api/v1/self/links/7"],
  ["evidence", "/api/v1/exports"],
  ["evidence", "/api/v1/exports/7/package"],
  ["archiver", "/api/v1/log/0/checkpoint"],
  ["archiver", "/api/v1/log/audit/tile/entries/x001/067"],
  ["gateway", "/api/v1/messages"],
  ["gateway", "/api/v1/messages/0"],
  ["witnessing", "/api/v1/log/0/witnessed"],
  ["records", "/api/v1/log/vkeys"],
  ["records", "/api/v1/log/prove/checkpoint-of-mine"],
  ["records", "/api/v1/search?words=a%20b%2Fc"],
  ["records", "/api/v1/importsofmine"],
  ["records", "/api/v1/linksofmine"],
  ["records", "/api/v1/self"],
  ["records", "/api/v1/self/linksofmine"],
  ["records", "/api/v1/self/sessions"],
  ["records", "/api/v1/sign-in"],
  ["records", "/api/v1/openapi.json"],
] as const;

/** Ways that must lead nowhere, at either address. */
const NOWHERE = [
  "/webhooks/",
  "/webhooks/whatsapp/7",
  "/webhooks/another",
  "/webhooks/sms",
  "/webhooks/smsx/a",
  "/agents",
  "/agents/v1/",
  "/agents/v1/enrol/7",
  "/agents/v1/7c9e6679-7425-40de-944b-e07fc1f90ae7/batches",
  "/agents/v2/enrol",
  "/internal",
  "/internal/v1/introspect",
  "/%69nternal/v1/introspect",
  "/api/../internal/v1/introspect",
  "/api/%2e%2e/internal/v1/introspect",
  "/api/..%2finternal/v1/introspect",
  "/assets/..%2finternal/v1/introspect",
  "/api/v1/imports/../../../internal/v1/spool",
  "//internal/v1/spool",
  "/metrics",
  "/healthz",
  "/readyz",
  "/api",
];

describeWith(["nginx", "openssl"], "the front", ({ nginx, openssl }) => {
  let front: Proxied;
  beforeAll(async () => {
    front = await startProxied({ nginx: nginx!, openssl: openssl! });
  });
  afterAll(() => front.stop());

  describe("the people's address", () => {
    it.each(API)(
      "has %s answer %s, by its own name, the path as it came and who asks, whatever they say",
      async (service, path) => {
        await expect(front.ask(path, { method: "POST" })).resolves.toMatchObject({
          status: 200,
          body: `${service} ${service} POST ${path} 127.0.0.1`,
        });
      },
    );

    it.each(["/", "/matters/7/searches/8?cursor=9", "/assets/a.css", "/sign-in/link", "/apix", "/healthzx"])(
      "has the console answer %s, by the name that the browser has, and who asks, whatever they say",
      async (path) => {
        const asked = { method: "POST", headers: { host: "daybook.example:8443" } };
        await expect(front.ask(path, asked)).resolves.toMatchObject({
          status: 200,
          body: `console daybook.example:8443 POST ${path} 127.0.0.1`,
        });
      },
    );

    it("says once that browsers come by TLS alone", async () => {
      for (const path of ["/", "/api/v1/self"]) {
        const { headers } = await front.ask(path);
        expect(headers["strict-transport-security"]).toBe("max-age=31536000");
      }
    });

    it("has Meta's webhooks come to capture as they were signed, up to 4 MiB, and nothing beside them", async () => {
      const signature = `sha256=${"0a".repeat(32)}`;
      const post = (bytes: number) => {
        const body = randomBytes(bytes);
        const headers = { "x-hub-signature-256": signature };
        const answer = front.ask("/webhooks/whatsapp", { method: "POST", body, headers });
        return { answer, hash: createHash("sha256").update(body).digest("hex") };
      };
      for (const { answer, hash } of [post(1_000), post(4 * 1024 * 1024)])
        await expect(answer).resolves.toMatchObject({
          status: 200,
          body: `webhooks capture POST /webhooks/whatsapp ${signature} ${hash}`,
        });
      await expect(post(4 * 1024 * 1024 + 1).answer).resolves.toMatchObject({ status: 413 });
      await expect(front.ask("/webhooks/whatsapp?hub.verify_token=a-verify-token")).resolves.toMatchObject({
        status: 200,
      });
      const { access, error } = await front.logs();
      expect(access + error).not.toContain("a-verify-token");
    });

    it("has providers of text messages come to capture as they signed, up to 1 MiB", async () => {
      const path = "/webhooks/sms/twilio?bodySHA256=0a0b";
      const post = (bytes: number) => {
        const body = randomBytes(bytes);
        const headers = { "daybook-signature": "c2lnbmVk" };
        const hash = createHash("sha256").update(body).digest("hex");
        return { answer: front.ask(path, { method: "POST", body, headers }), hash };
      };
      const { answer, hash } = post(1024 * 1024);
      await expect(answer).resolves.toMatchObject({
        status: 200,
        body: `sms capture POST ${path} c2lnbmVk ${hash}`,
      });
      await expect(post(1024 * 1024 + 1).answer).resolves.toMatchObject({ status: 413 });
      const { access, error } = await front.logs();
      expect(access + error).not.toContain("0a0b");
    });

    it("has agents on devices come to capture as they signed, batches up to 4 MiB, and writes nothing of it down", async () => {
      const agent = "/agents/v1/7c9e6679-7425-40de-944b-e07fc1f90ae7";
      const [batch, part] = [`${agent}/batches/12`, `${agent}/parts/${"0a".repeat(32)}`];
      const send = (path: string, method: string, bytes: number) => {
        const body = randomBytes(bytes);
        const answer = front.ask(path, { method, body, headers: { "daybook-signature": "c2lnbmVk" } });
        return {
          answer,
          came: `agents capture ${method} ${path} c2lnbmVk ${createHash("sha256").update(body).digest("hex")}`,
        };
      };
      for (const { answer, came } of [
        send("/agents/v1/enrol", "POST", 200),
        send(batch, "POST", 4 * 1024 * 1024),
        send(part, "PUT", 8 * 1024 * 1024),
      ])
        await expect(answer).resolves.toMatchObject({ status: 200, body: came });
      await expect(send(batch, "POST", 4 * 1024 * 1024 + 1).answer).resolves.toMatchObject({ status: 413 });
      const { access, error } = await front.logs();
      expect(access + error).not.toContain("0a0a0a");
    });

    it.each(NOWHERE)("lets nobody at %s", async (path) => {
      await expect(front.ask(path)).resolves.toMatchObject({ status: 404 });
    });

    it("has each address wait for itself when it asks too much", async () => {
      const all = await Promise.all(
        Array.from({ length: 400 }, () => front.ask("/api/v1/self?words=too-many")),
      );

      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200, 429]));
    });
  });

  describe("the console's address", () => {
    it.each(API)("has %s answer %s, and whoever the console says asks", async (service, path) => {
      await expect(front.askInside(path, { method: "POST" })).resolves.toMatchObject({
        status: 200,
        body: `${service} ${service} POST ${path} 192.0.2.66`,
      });
    });

    it.each([
      ...NOWHERE,
      "/",
      "/matters",
      "/assets/a.css",
      "/apix",
      "/webhooks/whatsapp",
      "/webhooks/sms/twilio",
      "/agents/v1/enrol",
    ])("leads nowhere at %s", async (path) => {
      await expect(front.askInside(path)).resolves.toMatchObject({ status: 404 });
    });

    it("takes as much as all browsers together ask", async () => {
      const all = await Promise.all(Array.from({ length: 400 }, () => front.askInside("/api/v1/self")));

      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    });
  });

  it("says nothing of a service whose certificate is another's", async () => {
    for (const name of ["records", "console"]) {
      const service = front.services.get(name)!;
      service.setSecureContext(await front.strange(name));
      service.closeAllConnections();
    }

    await expect(front.ask("/api/v1/search?words=lost-word")).resolves.toMatchObject({ status: 502 });
    await expect(front.askInside("/api/v1/search?words=lost-word")).resolves.toMatchObject({ status: 502 });
    await expect(front.ask("/sign-in/oidc?code=lost-code")).resolves.toMatchObject({ status: 502 });
  });

  it("writes no question down, also of what failed or was too much", async () => {
    await front.ask("/api/v1/search?words=unmistakable-word");
    const { access, error } = await front.logs();

    expect(access + error).not.toMatch(/unmistakable-word|lost-word|lost-code|too-many/);
    expect(access).toMatch(/ \/api\/v1\/search 502 /);
    expect(access).toMatch(/ \/api\/v1\/self 429 /);
    expect(access).toMatch(/ \/matters\/7\/searches\/8 200 /);
  });
});
