import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TokenEndpoint } from "../../../test/fakes/token-endpoint.ts";
import { googleTokens } from "../src/oauth/google.ts";
import { type MicrosoftCredential, microsoftTokens } from "../src/oauth/microsoft.ts";
import type { Tokens } from "../src/oauth/tokens.ts";
import { WebRefusal } from "../src/oauth/web.ts";

const OUTLOOK = "https://outlook.office365.com";
const GOING = new AbortController().signal;

let endpoint: TokenEndpoint;
let clock: number;
beforeEach(async () => {
  clock = Date.parse("2026-03-01T09:00:00Z");
  endpoint = await TokenEndpoint.start();
  endpoint.now = () => clock;
});
afterEach(() => endpoint.close());

const now = () => new Date(clock);
const microsoft = (credential: MicrosoftCredential = { clientSecret: () => "made up" }) => {
  const { tenant, clientId, url: loginUrl } = endpoint;
  return microsoftTokens({ tenant, clientId, credential, loginUrl }, OUTLOOK, now);
};
const had = (tokens: Tokens, signal = GOING) =>
  tokens.using(
    (token) => Promise.resolve(token),
    () => false,
    signal,
  );

describe("tokens", () => {
  it("are had by a client secret, used until a minute before they end, and then had anew", async () => {
    const tokens = microsoft();
    const first = await had(tokens);
    clock += 3_538_000;
    expect(await had(tokens)).toBe(first);
    clock += 2_000;

    expect(await had(tokens)).not.toBe(first);
    expect(endpoint.isGood(first)).toBe(true);
    expect(endpoint.given).toBe(2);
  });

  it("that live longer than a day are taken, and had anew after a day", async () => {
    endpoint.seconds = 100_000;
    const tokens = microsoft();
    const first = await had(tokens);
    clock += 86_300_000;
    expect(await had(tokens)).toBe(first);
    clock += 41_000;
    expect(await had(tokens)).not.toBe(first);
  });

  it("are asked for once, however many wait, and whoever waits no longer leaves the others be", async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    endpoint.faults.push(promise);
    const tokens = microsoft();
    const gone = new AbortController();
    const leaving = had(tokens, gone.signal);
    const waiting = Array.from({ length: 20 }, () => had(tokens));
    gone.abort(new Error("stopped"));
    await expect(leaving).rejects.toThrow("stopped");
    resolve(undefined);

    expect(new Set(await Promise.all(waiting)).size).toBe(1);
    expect(endpoint.given).toBe(1);
  });

  it("are asked for again by the next, where the only one that waited left", async () => {
    endpoint.faults.push(new Promise(() => undefined));
    const tokens = microsoft();
    const gone = new AbortController();
    const leaving = had(tokens, gone.signal);
    while (endpoint.asked === 0) await sleep(5);
    gone.abort(new Error("stopped"));
    await expect(leaving).rejects.toThrow("stopped");

    expect(endpoint.isGood(await had(tokens))).toBe(true);
  });

  it("that were revoked are replaced once where they are refused, and not where they are a minute old", async () => {
    const tokens = microsoft();
    const used: string[] = [];
    const refused = new Error("refused");
    const use = () =>
      tokens.using(
        (token) => {
          used.push(token);
          return endpoint.isGood(token) ? Promise.resolve("done") : Promise.reject(refused);
        },
        (cause) => cause === refused,
        GOING,
      );
    await use();
    endpoint.revoke();
    await expect(use()).rejects.toThrow(refused);
    clock += 60_000;
    expect(await use()).toBe("done");

    expect(new Set(used).size).toBe(2);
    expect(used).toHaveLength(4);
  });

  it("are had by a certificate in place of the secret", async () => {
    const dir = mkdtempSync(join(tmpdir(), "daybook-tokens-"));
    const [key, certificate] = [join(dir, "key"), join(dir, "pem")];
    const rsa = [
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-subj",
      "/CN=daybook",
      "-keyout",
      key,
      "-out",
      certificate,
    ];
    execFileSync("openssl", ["req", "-x509", ...rsa], { stdio: "ignore" });
    endpoint.certificate = readFileSync(certificate, "utf8");
    const pem = readFileSync(key, "utf8");
    rmSync(dir, { recursive: true });

    const of = { certificate: endpoint.certificate, certificateKey: () => pem };
    expect(endpoint.isGood(await had(microsoft(of)))).toBe(true);
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const wrong = other.privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    await expect(had(microsoft({ ...of, certificateKey: () => wrong }))).rejects.toThrow("invalid_client");
  });

  it("are had for a user by a service account that may act for them, and for nobody else", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const [clientEmail, keyId] = ["daybook@project.iam.gserviceaccount.com", "key-1"];
    const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
    endpoint.serviceAccount = { clientEmail, keyId, publicKey: pem, actsFor: ["ann@example.org"] };
    const account = {
      ...{ clientEmail, keyId, tokenUrl: `${endpoint.url}/token` },
      privateKey: () => privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    };

    expect(endpoint.isGood(await had(googleTokens(account, "ann@example.org", now)))).toBe(true);
    const other = had(googleTokens(account, "bo@example.org", now));
    await expect(other).rejects.toMatchObject({ isOfCredentials: true });
    await expect(other).rejects.toThrow("unauthorized_client");
  });

  it("that are refused are so by the one word that the standard has, and nothing that names people", async () => {
    const refused = had(microsoft({ clientSecret: () => "another" }));

    await expect(refused).rejects.toEqual(new WebRefusal(401, 0, "no token: invalid_client"));
    await expect(refused).rejects.toMatchObject({ isOfCredentials: true, status: 401 });
  });

  it.each([
    ["lost", "lost", 0],
    ["broken off", "broken-off", 0],
    ["without an end", "endless", 0],
    ["one that would end a field of SASL", "split", 200],
    ["refused for now", { status: 503, retryAfter: "7" }, 503],
  ] as const)("are had at the next try where an answer is %s", async (_, fault, status) => {
    endpoint.faults.push(fault);
    const tokens = microsoft();
    const refused = had(tokens);
    await expect(refused).rejects.toMatchObject({ status, isOfCredentials: false });
    if (status === 503) await expect(refused).rejects.toMatchObject({ retryAfterMs: 7_000 });

    expect(endpoint.isGood(await had(tokens))).toBe(true);
  });
});
