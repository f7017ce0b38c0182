import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import { freePorts } from "./free-port.ts";

/** Somebody whom the provider knows: their claims, `sub` included. */
export type OidcPerson = Readonly<Record<string, unknown>> & { readonly sub: string };

/** An OpenID provider that runs in this process, on 127.0.0.1, with one client. */
export interface OidcServer {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Makes them known, or known otherwise. */
  put(person: OidcPerson): void;
  /** As whom whoever asks from now on is signed in, without being asked. */
  signedInAs: string;
  /**
   * What a browser does: opens the address that a client sent it to, and follows it.
   *
   * @param cookies that it has of the provider, and gets: none unless given
   * @returns the address at the client that it comes to
   */
  browse(url: string, cookies?: Map<string, string>): Promise<URL>;
  /** Whether it answers; until it does again, it ends connections. */
  isUp: boolean;
  close(): Promise<void>;
}

const CLIENT_ID = "daybook";
const INTERACTION = "/interaction/";
const MAX_STEPS = 10;

/** Starts oidc-provider, a certified implementation, with a client that may come back to `redirectUri` alone. */
export async function startOidc({ redirectUri }: { redirectUri: string }): Promise<OidcServer> {
  const [port = 0] = await freePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const clientSecret = randomBytes(32).toString("base64url");
  const people = new Map<string, OidcPerson>();
  const provider = quietly(
    () =>
      new Provider(issuer, {
        clients: [
          {
            client_id: CLIENT_ID,
            client_secret: clientSecret,
            redirect_uris: [redirectUri],
            response_types: ["code"],
            grant_types: ["authorization_code"],
          },
        ],
        claims: { openid: ["sub"], profile: ["name"], roles: ["roles", "custodians"] },
        scopes: ["openid", "profile", "roles"],
        conformIdTokenClaims: false,
        features: { devInteractions: { enabled: false } },
        cookies: { keys: [randomBytes(32).toString("hex")] },
        jwks: { keys: [signingKey()] },
        ttl: {
          AccessToken: 600,
          AuthorizationCode: 60,
          IdToken: 600,
          Interaction: 600,
          Session: 600,
          Grant: 600,
        },
        renderError(ctx, { error }) {
          ctx.body = error;
        },
        interactions: { url: (_, { uid }) => `${INTERACTION}${uid}` },
        findAccount: (_, sub) => ({ accountId: sub, claims: () => people.get(sub) ?? { sub } }),
        async loadExistingGrant({ oidc }) {
          const { client, session, provider: of } = oidc;
          const grant = new of.Grant({ clientId: client?.clientId, accountId: session?.accountId });
          grant.addOIDCScope("openid profile roles");
          await grant.save();
          return grant;
        },
      }),
  );
  const answer = provider.callback();
  const running = {
    issuer,
    clientId: CLIENT_ID,
    clientSecret,
    put: (person: OidcPerson) => void people.set(person.sub, person),
    signedInAs: "",
    isUp: true,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
    browse: (url: string, cookies = new Map<string, string>()) => browse(url, redirectUri, cookies),
  };
  const server = createServer((request, response) => {
    if (!running.isUp) return void response.destroy();
    if (!request.url?.startsWith(INTERACTION)) return void answer(request, response);
    const login = { accountId: running.signedInAs };
    void provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  return running;
}

/* eslint-disable no-console -- it says there that it runs without TLS, which is known */
function quietly<T>(make: () => T): T {
  const { info, warn } = console;
  console.info = console.warn = () => undefined;
  try {
    return make();
  } finally {
    Object.assign(console, { info, warn });
  }
}
/* eslint-enable no-console */

function signingKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  return { ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig" };
}

async function browse(url: string, until: string, cookies: Map<string, string>): Promise<URL> {
  let at = new URL(url);
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(at, { redirect: "manual", headers: { cookie } });
    const said = await answer.text();
    for (const set of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    const to = answer.headers.get("location");
    if (to === null)
      throw new Error(
        `the provider went no further than ${at.pathname}: ${answer.status} ${said.slice(0, 300)}`,
      );
    at = new URL(to, at);
    if (at.href.startsWith(until)) return at;
  }
  throw new Error("the provider sends a browser round in circles");
}
