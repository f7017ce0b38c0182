import { constants, createPublicKey, randomUUID, verify, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to the coming requests of tokens, in order. */
export type TokenFault =
  | { readonly status: number; readonly retryAfter?: string }
  /** Nothing is answered. */
  | "lost"
  /** A token is given, and half of the answer comes. */
  | "broken-off"
  /** More comes than anybody takes. */
  | "endless"
  /** A token that would end a field of SASL. */
  | "split"
  /** Waits until it is told to go on. */
  | Promise<undefined>;

/** A service account of Google's, and whom it may act for. */
interface ServiceAccount {
  readonly clientEmail: string;
  readonly keyId: string;
  /** PEM. */
  readonly publicKey: string;
  readonly actsFor: readonly string[];
}

interface Signed {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
  readonly signature: Buffer;
}

/**
 * The token endpoints of Microsoft (client credentials, by secret or by certificate) and of Google (a service account's signed
 * assertion), as both are documented; and RFC 7662's introspection, by which an IMAP server knows what it is shown.
 */
export class TokenEndpoint {
  readonly tenant: string;
  readonly clientId: string;
  clientSecret = "made up";
  /** PEM: what the application has in the directory. */
  certificate: string | undefined;
  serviceAccount: ServiceAccount | undefined;
  /** Whose mailbox a token opens, as an introspection says it. */
  opens: string | undefined;
  readonly faults: TokenFault[] = [];
  seconds = 3_599;
  now = () => Date.now();
  /** Tokens that were given. */
  given = 0;
  /** Requests that came. */
  asked = 0;
  readonly #tokens = new Map<string, number>();
  #server: Server | undefined;

  constructor({
    tenant = randomUUID(),
    clientId = randomUUID(),
  }: { tenant?: string; clientId?: string } = {}) {
    this.tenant = tenant;
    this.clientId = clientId;
  }

  /** By itself, at a port of its own. */
  static async start(): Promise<TokenEndpoint> {
    const endpoint = new TokenEndpoint();
    const server = createServer((request, response) => void endpoint.#route(request, response));
    endpoint.#server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server?.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Those that were had are taken no more, as after a revocation. */
  revoke(): void {
    this.#tokens.clear();
  }

  isGood(token: string): boolean {
    return (this.#tokens.get(token) ?? 0) > this.now();
  }

  /** @param resource of Microsoft's that tokens are for */
  async answer(url: URL, body: string, response: ServerResponse, resource: string): Promise<void> {
    this.asked += 1;
    const fault = this.faults.shift();
    if (fault === "lost") return void response.destroy();
    if (fault instanceof Promise) await fault;
    else if (typeof fault === "object") return json(response, fault.status, {}, fault.retryAfter);
    const form = new URLSearchParams(body);
    const refusal =
      url.pathname === "/token" ? this.#google(url, form) : this.#microsoft(url, form, resource);
    if (refusal)
      return json(response, refusal === "invalid_client" ? 401 : 400, {
        error: refusal,
        error_description: "AADSTS90000: ann@example.org is named in here",
      });
    const value = randomUUID();
    this.#tokens.set(value, this.now() + this.seconds * 1_000);
    this.given += 1;
    const token = { token_type: "Bearer", expires_in: this.seconds };
    if (fault === "split") return json(response, 200, { ...token, access_token: `${value}\u0001auth=x` });
    if (fault === "endless") {
      response.writeHead(200, { "content-type": "application/json" }).on("error", () => undefined);
      const go = () => {
        if (!response.destroyed) response.write(" ".repeat(65_536), () => setImmediate(go));
      };
      return go();
    }
    const whole = JSON.stringify({ ...token, access_token: value });
    response.writeHead(200, { "content-type": "application/json", "content-length": whole.length });
    if (fault === "broken-off") response.write(whole.slice(0, 20), () => response.destroy());
    else response.end(whole);
  }

  #microsoft(url: URL, form: URLSearchParams, resource: string): string | undefined {
    if (url.pathname !== `/${this.tenant}/oauth2/v2.0/token`) return "invalid_request";
    if (form.get("grant_type") !== "client_credentials") return "unsupported_grant_type";
    if (form.get("scope") !== `${resource}/.default`) return "invalid_scope";
    if (form.get("client_id") !== this.clientId) return "unauthorized_client";
    if (form.has("client_secret"))
      return form.get("client_secret") === this.clientSecret ? undefined : "invalid_client";
    const { certificate } = this;
    const signed = read(form.get("client_assertion"));
    if (!certificate || !signed) return "invalid_client";
    const { raw, publicKey } = new X509Certificate(certificate);
    const thumbprint = Buffer.from(new X509Certificate(raw).fingerprint256.replaceAll(":", ""), "hex");
    const { header, claims } = signed;
    const isRight =
      form.get("client_assertion_type") === "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" &&
      header.alg === "PS256" &&
      header["x5t#S256"] === thumbprint.toString("base64url") &&
      claims.aud === url.href &&
      [claims.iss, claims.sub].every((name) => name === this.clientId) &&
      typeof claims.jti === "string" &&
      this.#isNow(signed, 600) &&
      verify("sha256", signed.bytes, { key: publicKey, ...PSS }, signed.signature);
    return isRight ? undefined : "invalid_client";
  }

  #google(url: URL, form: URLSearchParams): string | undefined {
    const account = this.serviceAccount;
    if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer")
      return "unsupported_grant_type";
    const signed = read(form.get("assertion"));
    if (!account || !signed) return "invalid_grant";
    const { header, claims, bytes, signature } = signed;
    const isRight =
      header.alg === "RS256" &&
      header.kid === account.keyId &&
      claims.iss === account.clientEmail &&
      claims.aud === url.href &&
      this.#isNow(signed, 3_600) &&
      verify("sha256", bytes, createPublicKey(account.publicKey), signature);
    if (!isRight) return "invalid_grant";
    if (claims.scope !== "https://mail.google.com/") return "invalid_scope";
    return account.actsFor.includes(String(claims.sub)) ? undefined : "unauthorized_client";
  }

  #isNow({ claims: { iat, exp } }: Signed, mostSeconds: number): boolean {
    const now = Math.floor(this.now() / 1_000);
    const [from, to] = [Number(iat), Number(exp)];
    return from <= now && now < to && to - from <= mostSeconds;
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const body = await textOf(request);
    if (url.pathname !== "/introspect")
      return this.answer(url, body, response, "https://outlook.office365.com");
    const token = new URLSearchParams(body).get("token") ?? "";
    const isGood = this.isGood(token) && this.opens !== undefined;
    json(response, 200, isGood ? { active: true, username: this.opens } : { active: false });
  }
}

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** A JSON Web Token, apart; undefined for what is none. */
function read(token: string | null): Signed | undefined {
  const [header = "", claims = "", signature, ...more] = token?.split(".") ?? [];
  if (signature === undefined || more.length > 0) return undefined;
  const part = (text: string) =>
    JSON.parse(Buffer.from(text, "base64url").toString()) as Record<string, unknown>;
  return {
    header: part(header),
    claims: part(claims),
    bytes: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, "base64url"),
  };
}

/** What a request posts. */
export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function json(response: ServerResponse, status: number, value: object, retryAfter?: string): void {
  const headers = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}
