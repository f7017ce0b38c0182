import { createHash, createHmac } from "node:crypto";
import type { Received, TwilioSource, WebhookSource } from "../../src/index.ts";
import { proofOf } from "../../src/webhook/verify/index.ts";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
/** Of the examples in Twilio's documentation and its libraries' tests. */
const EXAMPLE = "https://mycompany.com/myapp.php?foo=1&bar=2";
const CALL = [
  ["CallSid", "CA1234567890ABCDE"],
  ["Caller", "+14158675309"],
  ["Digits", "1234"],
  ["From", "+14158675309"],
  ["To", "+18005551212"],
] as const;

const form = (pairs: readonly (readonly [string, string])[]) =>
  pairs.map((pair) => pair.map(encodeURIComponent).join("=")).join("&");

function request(of: {
  url: string;
  body: string;
  type: string;
  headers?: Record<string, string>;
}): Received {
  return {
    url: new URL(of.url),
    headers: new Map(Object.entries(of.headers ?? {})),
    mediaType: of.type,
    body: Buffer.from(of.body),
    client: undefined,
  };
}

const twilio = (...tokens: string[]): TwilioSource => ({
  ...{ provider: "twilio", name: "twilio", url: EXAMPLE, accountSid: "AC", apiUrl: "https://api.twilio.com" },
  ...{ authTokens: () => tokens, reconciles: false },
});
const isTwilios = async (
  signature: string,
  more: Partial<Parameters<typeof request>[0]> = {},
  source = twilio("12345"),
) =>
  (await proofOf(
    source,
    request({
      url: EXAMPLE,
      body: form(CALL),
      type: FORM,
      headers: { "x-twilio-signature": signature },
      ...more,
    }),
  )) !== undefined;

describe("what Twilio signed", () => {
  it.each([
    ["the example of its documentation", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", {}],
    ["one that names the port", "kvajT1Ptam85bY51eRf/AJRuM3w=", {}],
    ["one over plain HTTP", "0ZXoZLH/DfblKGATFgpif+LLRf4=", { url: EXAMPLE.replace("https", "http") }],
    [
      "repeated names, of which equal pairs count once",
      "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
      {
        body: form([
          ["Sid", "CA123"],
          ["SidAccount", "AC123"],
          ["Digits", "5678"],
          ["Digits", "1234"],
          ["Digits", "1234"],
        ]),
      },
    ],
    [
      "JSON, by its hash in the URL",
      "a9nBmqA0ju/hNViExpshrM61xv4=",
      {
        url: `${EXAMPLE}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620`,
        body: '{"property": "value", "boolean": true}',
        type: JSON_TYPE,
      },
    ],
  ])("is %s", async (_, signature, more) => {
    await expect(isTwilios(signature, more)).resolves.toBe(true);
  });

  it.each([
    ["another value", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", { body: form(CALL).replace("1234", "1235") }],
    ["a space more", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", { body: `${form(CALL)}+` }],
    ["another query", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", { url: EXAMPLE.replace("1", "2") }],
    ["no signature that long", "RSOYDt4T1cUTdK1PDd93/VVr8B8", {}],
    ["an empty one", "", {}],
    ["a form's signature on JSON without a hash", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", { type: JSON_TYPE }],
    [
      "JSON of another hash",
      "a9nBmqA0ju/hNViExpshrM61xv4=",
      {
        url: `${EXAMPLE}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620`,
        body: '{"property": "value", "boolean": false}',
        type: JSON_TYPE,
      },
    ],
  ])("is not %s", async (_, signature, more) => {
    await expect(isTwilios(signature, more)).resolves.toBe(false);
  });

  it("is good under either of two tokens, and under no third", async () => {
    const both = twilio("12345", "67890");
    const text = EXAMPLE + CALL.map(([name, value]) => name + value).join("");
    const by = (token: string) => createHmac("sha1", token).update(text).digest("base64");
    for (const token of ["12345", "67890"]) await expect(isTwilios(by(token), {}, both)).resolves.toBe(true);
    await expect(isTwilios(by("another"), {}, both)).resolves.toBe(false);
  });

  it("is SHA-256 where a webhooks rule says so, and no other hash", async () => {
    const text = EXAMPLE + CALL.map(([name, value]) => name + value).join("");
    const signature = createHmac("sha256", "12345").update(text).digest("base64");
    const under = (settings: string) =>
      isTwilios(signature, {
        headers: {
          "x-twilio-signature": signature,
          "x-twilio-webhooks-signature-settings": settings,
        },
      });
    await expect(under("key=abc,algorithm=HMAC_SHA256")).resolves.toBe(true);
    await expect(under("key=abc,algorithm=HMAC_MD5")).resolves.toBe(false);
    await expect(isTwilios(signature)).resolves.toBe(false);
  });
});

const SECRET = "a signature secret of Vonage's, made up";
const vonage = (legacyHash?: "sha256" | "sha512"): WebhookSource => ({
  ...{ provider: "vonage", name: "vonage", url: "https://hooks.example.gov/vonage", legacyHash },
  secrets: () => ["another", SECRET],
});
const url = "https://hooks.example.gov/vonage";

/** Put together by hand, after RFC 7515. */
function jwt(claims: object, { secret = SECRET, alg = "HS256" } = {}): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  const hash = alg === "HS512" ? "sha512" : "sha256";
  return `${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`;
}
const hashOf = (body: string) => createHash("sha256").update(body).digest("hex");

describe("what Vonage signed", () => {
  const body = '{"channel":"sms"}';
  const proves = async (token: string, over = body) =>
    (await proofOf(
      vonage(),
      request({ url, body: over, type: JSON_TYPE, headers: { authorization: `Bearer ${token}` } }),
    )) !== undefined;
  const good = { iat: 1_700_000_000, iss: "Vonage", payload_hash: hashOf(body) };

  it("is a token over the hash of this body", async () => {
    await expect(proves(jwt(good))).resolves.toBe(true);
    await expect(proves(jwt(good), `${body} `)).resolves.toBe(false);
  });

  it.each([
    ["without a hash", jwt({ iat: 1 })],
    ["by another secret", jwt(good, { secret: "a secret of another account" })],
    ["by another algorithm", jwt(good, { alg: "HS512" })],
    ["without a signature", jwt(good).replace(/[^.]+$/, "")],
    [
      "that says none is needed",
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${jwt(good).split(".")[1]}.`,
    ],
    ["that is none", "a.b.c"],
  ])("is no token %s", async (_, token) => {
    await expect(proves(token)).resolves.toBe(false);
  });

  it.each(["sha256", "sha512"] as const)("is a `sig` by HMAC-%s, where that is set", async (hash) => {
    const text = "&messageId=0A0&msisdn=447700900456&text=a_b_c&to=447700900123";
    const sig = createHmac(hash, SECRET).update(text).digest("hex").toUpperCase();
    const pairs = [
      ["text", "a&b=c"],
      ["msisdn", "447700900456"],
      ["to", "447700900123"],
      ["sig", sig],
      ["messageId", "0A0"],
    ] as const;
    const proved = (source: WebhookSource) =>
      proofOf(source, request({ url, body: form(pairs), type: FORM }));
    await expect(proved(vonage(hash))).resolves.toContain("sig");
    await expect(proved(vonage(hash === "sha256" ? "sha512" : "sha256"))).resolves.toBeUndefined();
    await expect(proved(vonage())).resolves.toBeUndefined();
  });

  it.each(["md5", "sha1"])("is never a `sig` by %s", async (hash) => {
    const text = "&messageId=0A0";
    for (const sig of [
      createHmac(hash, SECRET).update(text).digest("hex"),
      createHash(hash)
        .update(text + SECRET)
        .digest("hex"),
    ])
      for (const set of ["sha256", "sha512"] as const)
        await expect(
          proofOf(vonage(set), request({ url, body: `messageId=0A0&sig=${sig}`, type: FORM })),
        ).resolves.toBeUndefined();
  });
});

describe("what a provider signs as it is", () => {
  it.each([
    ["hex", "sha256="],
    ["base64", ""],
  ] as const)("is the body's HMAC in %s", async (encoding, prefix) => {
    const source: WebhookSource = {
      ...{ provider: "hmac", name: "operator", url, header: "X-Signature", hash: "sha512", encoding, prefix },
      secrets: () => ["a secret, made up"],
      fields: { id: "/id", from: "/from", to: "/to", text: "/text" },
    };
    const sign = (body: string) => createHmac("sha512", "a secret, made up").update(body).digest(encoding);
    const proved = (body: string, signature: string) =>
      proofOf(source, request({ url, body, type: JSON_TYPE, headers: { "x-signature": signature } }));
    await expect(proved("{}", `${prefix}${sign("{}")}`)).resolves.toContain("X-Signature");
    await expect(proved("{} ", `${prefix}${sign("{}")}`)).resolves.toBeUndefined();
    await expect(proved("{}", `v1=${sign("{}")}`)).resolves.toBeUndefined();
  });
});
