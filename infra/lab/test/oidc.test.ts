import { type OidcServer, startOidc } from "../src/index.ts";

const CALLBACK = "https://client.example.org/back";

describe("an OpenID provider in the lab", () => {
  let oidc: OidcServer;

  beforeAll(async () => {
    oidc = await startOidc({ redirectUri: CALLBACK });
    oidc.put({ sub: "ada", name: "Ada", roles: ["officer"] });
    oidc.signedInAs = "ada";
  });
  afterAll(() => oidc.close());

  const ask = (more: Record<string, string> = {}) => {
    const url = new URL(`${oidc.issuer}/auth`);
    const challenge = { code_challenge: "A".repeat(43), code_challenge_method: "S256" };
    const asked = {
      client_id: oidc.clientId,
      response_type: "code",
      scope: "openid",
      redirect_uri: CALLBACK,
    };
    url.search = new URLSearchParams({ ...asked, ...challenge, state: "s", ...more }).toString();
    return oidc.browse(url.href);
  };

  it("sends a browser back to its client, with a code", async () => {
    const back = await ask();

    expect(back.href.startsWith(`${CALLBACK}?`)).toBe(true);
    expect(back.searchParams.get("code")).toMatch(/^[\w-]{20,}$/);
    expect(back.searchParams.get("state")).toBe("s");
  });

  it("sends nobody to an address that is not its client's", async () => {
    await expect(ask({ redirect_uri: "https://example.org/back" })).rejects.toThrow("went no further");
  });

  it("ends connections while it is down", async () => {
    oidc.isUp = false;
    await expect(ask()).rejects.toThrow("fetch failed");
    oidc.isUp = true;
    await ask();
  });
});
