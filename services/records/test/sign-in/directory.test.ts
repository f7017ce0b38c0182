import { type OidcServer, startOidc } from "@daybook/lab";
import { Secret } from "@daybook/runtime";
import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import type { DirectoryOptions } from "../../src/index.ts";
import { PROJECTIONS } from "../../src/schema.ts";
import { createDeployment, type Deployment, INTERNAL_TOKEN, type Running } from "../support/deployment.ts";
import { acts, ORIGIN, type Signed } from "./support.ts";

const MINUTE_MS = 60_000;

(hasPostgres ? describe : describe.skip)("the organisation's directory", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  let oidc: OidcServer;
  const acting = acts(() => running);
  const { post, self } = acting;
  const options = (more: Partial<DirectoryOptions> = {}): DirectoryOptions => ({
    issuer: oidc.issuer,
    clientId: oidc.clientId,
    clientSecret: new Secret(oidc.clientSecret),
    name: "Harbour Office",
    help: "the service desk",
    scopes: ["roles"],
    claims: { custodians: "custodians" },
    roles: { "daybook-officer": "records-officer", "daybook-admin": "administrator", official: "custodian" },
    ...more,
  });
  const start = async (more: Partial<DirectoryOptions> = {}) => {
    const signIn = { origin: ORIGIN, directory: options(more), limits: { perMinute: 10_000 } };
    running = await home.start({ signIn });
  };

  beforeAll(async () => {
    postgres = await startTestPostgres();
    oidc = await startOidc({ redirectUri: `${ORIGIN}/sign-in/oidc` });
  });
  afterAll(async () => {
    await oidc.close();
    await postgres.stop();
  });
  beforeEach(async () => {
    home = await createDeployment(postgres, { segmentRecords: 3 });
    await start();
  });
  afterEach(async () => {
    await running.stop();
    await home.close();
  });

  const begin = async () => (await post("/api/v1/sign-in/oidc/begin")) as { ceremony: string; url: string };
  const finish = async (ceremony: string, query: string) =>
    (await post("/api/v1/sign-in/oidc/finish", { ceremony, query })) as Signed;
  /** Signs somebody in with what the directory says of them. @param alter the address that the browser opens */
  async function enter(
    sub: string,
    claims: object,
    alter = (url: string) => url,
    cookies?: Map<string, string>,
  ): Promise<Signed> {
    oidc.put({ sub, ...claims });
    oidc.signedInAs = sub;
    const { ceremony, url } = await begin();
    const at = await oidc.browse(alter(url), cookies);
    return finish(ceremony, at.search.slice(1));
  }
  const officer = { name: "Olu Officer", roles: ["daybook-officer"] };
  const refused = (detail?: string) => ({
    status: 403,
    code: "sign-in-refused",
    ...(detail !== undefined && { detail }),
  });
  /** Asks the directory again in a session. @param cookies that the browser has of the directory */
  async function again(
    token: string,
    silent: boolean,
    {
      cookies,
      alter = (url) => url,
    }: { cookies?: Map<string, string>; alter?: (url: string) => string } = {},
  ): Promise<unknown> {
    const by = running.as(token);
    const begun = (await by.call("post", "/api/v1/self/confirmation/oidc/begin", { body: { silent } })) as {
      ceremony: string;
      url: string;
    };
    const at = await oidc.browse(alter(begun.url), cookies);
    const body = { ceremony: begun.ceremony, query: at.search.slice(1) };
    return by.call("post", "/api/v1/self/confirmation/oidc/finish", { body });
  }
  const events = async (action: string) =>
    (await home.auditEvents()).filter((event) => event.action === action);

  it("is offered by its name, and asked with PKCE, a state and a nonce", async () => {
    expect(await acting.anybody().call("get", "/api/v1/sign-in")).toEqual({
      sample: false,
      passkey: true,
      oidc: { name: "Harbour Office" },
      trial: false,
    });
    const asked = new URL((await begin()).url).searchParams;
    expect(asked.get("code_challenge_method")).toBe("S256");
    for (const name of ["state", "nonce", "code_challenge"]) expect(asked.get(name)).toMatch(/^[\w-]{43}$/);
    expect(asked.get("redirect_uri")).toBe(`${ORIGIN}/sign-in/oidc`);
  });

  it("makes a person of whom nobody has seen, who is the same at the next sign-in", async () => {
    const first = await enter("olu", officer);
    expect(first.person).toMatchObject({ name: "Olu Officer", roles: ["records-officer"] });
    expect(await self(first.token)).toMatchObject({ id: first.person.id });
    const again = await enter("olu", officer);
    expect(again.person.id).toBe(first.person.id);
    expect(await events("person.add")).toHaveLength(1);
    expect(await events("person.change")).toHaveLength(0);
  });

  it("is read again at each sign-in, and a role that it took is gone from every session", async () => {
    const first = await enter("olu", officer);
    await running.as(first.token).call("get", "/api/v1/matters");
    await enter("olu", { name: "Olu Renamed", roles: "daybook-admin" });
    expect(await self(first.token)).toMatchObject({ name: "Olu Renamed", roles: ["administrator"] });
    await expect(running.as(first.token).call("get", "/api/v1/matters")).rejects.toMatchObject({
      status: 403,
    });
  });

  it("says whose messages are an official's", async () => {
    const made = (await running.as(INTERNAL_TOKEN).call("post", "/internal/v1/custodians/resolve", {
      body: { name: "Ada Official", create: true, actor: "test" },
    })) as { id: string };
    const ada = { name: "Ada", roles: ["official"], custodians: ["ada official", "somebody elsewhere"] };
    const { token } = await enter("ada", ada);
    expect(await self(token)).toMatchObject({ roles: ["custodian"], custodians: [made.id] });
    await expect(enter("ada", { ...ada, custodians: [] })).rejects.toMatchObject(
      refused("Harbour Office does not say whose messages are yours: ask the service desk"),
    );
    await expect(self(token)).rejects.toMatchObject({ status: 401 });
  });

  it.each([
    ["has no such claim", { name: "N" }, "does not say what you may do here"],
    ["gives no role of here", { name: "N", roles: ["payroll", "__proto__"] }, "gives you no role here"],
    ["has a claim of another form", { name: "N", roles: { a: 1 } }, "does not say what you may do here"],
    ["has no name", { roles: ["daybook-officer"] }, "does not say your name"],
    [
      "gives two roles that nobody may have at once",
      { name: "N", roles: ["daybook-admin", "daybook-officer"] },
      "says that you are administrator and records-officer, which nobody may be at once",
    ],
  ])("refuses, saying whom to ask, where it %s", async (_, claims, why) => {
    const before = await enter("nell", { name: "N", roles: ["daybook-officer"] });
    await expect(enter("nell", claims)).rejects.toMatchObject(
      refused(`Harbour Office ${why}: ask the service desk`),
    );
    await expect(self(before.token)).rejects.toMatchObject({ status: 401 });
    expect(await events("session.refuse")).toMatchObject([{ subject: before.person.id }]);
    await expect(enter("unknown", claims)).rejects.toMatchObject(refused());
    expect(await home.sql("SELECT FROM records.person WHERE roles IS NOT NULL")).toHaveLength(1);
  });

  it("alerts where it gives such a pair", async () => {
    const claims = { name: "N", roles: ["daybook-admin", "daybook-officer"] };
    await expect(enter("nell", claims)).rejects.toMatchObject(refused());
    expect(home.logged.join("")).toContain('"code":"forbidden-pair"');
    expect(home.logged.join("")).not.toContain("nell");
  });

  it("is believed only in what was begun here, once", async () => {
    oidc.put({ sub: "olu", ...officer });
    oidc.signedInAs = "olu";
    const one = await begin();
    const at = await oidc.browse(one.url);
    const query = at.search.slice(1);
    const other = await begin();
    await expect(finish(other.ceremony, query)).rejects.toMatchObject(refused());
    await finish(one.ceremony, query);
    await expect(finish(one.ceremony, query)).rejects.toMatchObject(refused());
    await expect(finish("A".repeat(43), query)).rejects.toMatchObject(refused());
  });

  it.each([
    ["state", (url: string) => url.replace(/state=[^&]+/, "state=another")],
    ["nonce", (url: string) => url.replace(/nonce=[^&]+/, "nonce=another")],
    ["code challenge", (url: string) => url.replace(/(code_challenge=)[^&]+/, `$1${"A".repeat(43)}`)],
  ])("is not believed with another %s", async (_, alter) => {
    await expect(enter("olu", officer, alter)).rejects.toMatchObject(refused());
    expect(await home.sql("SELECT FROM records.session")).toHaveLength(0);
  });

  it.each(["", "code=x", "error=access_denied&error_description=secret", "state=&code=&iss=", "%%%"])(
    "is not believed with the answer %p",
    async (query) => {
      const { ceremony } = await begin();
      await expect(finish(ceremony, query)).rejects.toMatchObject(refused());
      expect(home.logged.join("")).not.toContain("secret");
    },
  );

  it("that does not answer lets nobody in, and is asked again", async () => {
    oidc.isUp = false;
    await expect(begin()).rejects.toMatchObject({ status: 503, code: "unavailable" });
    oidc.isUp = true;
    const { ceremony, url } = await begin();
    oidc.put({ sub: "olu", ...officer });
    oidc.signedInAs = "olu";
    const at = await oidc.browse(url);
    oidc.isUp = false;
    await expect(finish(ceremony, at.search.slice(1))).rejects.toMatchObject({ status: 503 });
    oidc.isUp = true;
    await enter("olu", officer);
  });

  it("makes nobody a second person who is one here already, until an administrator joins the two", async () => {
    const { id, signed, authenticator } = await acting.somebody("Olu Officer", ["auditor"]);
    await expect(enter("olu", officer)).rejects.toMatchObject(
      refused(
        "Harbour Office knows you by the name of somebody who is a user here already: ask the service desk",
      ),
    );
    await running.owner.call("post", "/api/v1/persons/:id/identity", {
      params: { id },
      body: { subject: "olu" },
    });
    const { person } = await enter("olu", officer);
    expect(person).toMatchObject({ id, roles: ["records-officer"] });
    await expect(acting.signIn(authenticator)).rejects.toMatchObject(refused());
    const theirs = running.as(signed.token);
    await expect(theirs.call("post", "/api/v1/self/passkeys/begin")).rejects.toMatchObject({ status: 409 });
    const { passkeys } = (await theirs.call("get", "/api/v1/self/passkeys")) as {
      passkeys: { id: string }[];
    };
    await theirs.call("post", "/api/v1/self/passkeys/:id/remove", { params: { id: passkeys[0]!.id } });
    const other = await acting.add("Other", ["auditor"]);
    await expect(
      running.owner.call("post", "/api/v1/persons/:id/identity", {
        params: { id: other.person.id },
        body: { subject: "olu" },
      }),
    ).rejects.toMatchObject({ status: 409 });
  });

  it("lets nobody in whose access was ended here", async () => {
    const { person, token } = await enter("olu", officer);
    await running.owner.call("post", "/api/v1/persons/:id/end", { params: { id: person.id } });
    await expect(self(token)).rejects.toMatchObject({ status: 401 });
    await expect(enter("olu", officer)).rejects.toMatchObject(refused());
  });

  describe("asked again in a session", () => {
    const admin = { name: "Ama Admin", roles: ["daybook-admin"] };
    const add = (token: string) =>
      running.as(token).call("post", "/api/v1/persons", { body: { name: "New", roles: ["auditor"] } });

    it("has to ask who somebody is before they give anybody a way in", async () => {
      const { token, person } = await enter("ama", admin);
      await expect(add(token)).rejects.toMatchObject({ status: 403, code: "confirm-first" });
      await again(token, false);
      expect((await events("session.confirm")).at(-1)).toMatchObject({ actor: person.id });
      await add(token);
      home.time += 5 * MINUTE_MS;
      await expect(add(token)).rejects.toMatchObject({ code: "confirm-first" });
    });

    it.each([
      ["did not ask", (url: string) => url.replace(/&prompt=login|&max_age=0/g, "")],
      ["was given another nonce", (url: string) => url.replace(/nonce=[^&]+/, "nonce=another")],
    ])("confirms nothing where it %s", async (_, alter) => {
      const { token } = await enter("ama", admin);
      await expect(again(token, false, { alter })).rejects.toMatchObject(refused());
      await expect(add(token)).rejects.toMatchObject({ code: "confirm-first" });
    });

    it("confirms nobody else, and only in the session in which it was begun", async () => {
      const { token } = await enter("ama", admin);
      const other = await enter("olu", officer);
      // The browser of the first is signed in at the directory as the second by now.
      await expect(again(token, false)).rejects.toMatchObject(
        refused("Harbour Office says that you are somebody else than who is signed in here: sign out first"),
      );
      const begun = (await running
        .as(other.token)
        .call("post", "/api/v1/self/confirmation/oidc/begin", { body: {} })) as {
        ceremony: string;
        url: string;
      };
      const at = await oidc.browse(begun.url);
      const body = { ceremony: begun.ceremony, query: at.search.slice(1) };
      await expect(
        running.as(token).call("post", "/api/v1/self/confirmation/oidc/finish", { body }),
      ).rejects.toMatchObject(refused());
      await expect(finish(begun.ceremony, body.query)).rejects.toMatchObject(refused());
      await expect(add(token)).rejects.toMatchObject({ code: "confirm-first" });
    });

    it("keeps a session that would end an hour after it last said what they may do, and confirms nothing", async () => {
      const cookies = new Map<string, string>();
      const { token } = await enter("ama", admin, undefined, cookies);
      const renew = async () => ((await self(token)) as { renew: boolean }).renew;
      expect(await renew()).toBe(false);
      home.time += 29 * MINUTE_MS;
      expect(await renew()).toBe(false);
      home.time += MINUTE_MS;
      expect(await renew()).toBe(true);
      home.time += 29 * MINUTE_MS;
      await again(token, true, { cookies });
      expect(await renew()).toBe(false);
      await expect(add(token)).rejects.toMatchObject({ code: "confirm-first" });
      home.time += 29 * MINUTE_MS;
      await self(token);
      home.time += 29 * MINUTE_MS;
      await self(token);
      home.time += 2 * MINUTE_MS;
      await expect(self(token)).rejects.toMatchObject({ status: 401 });
      await running.stop();
      await start();
      let left: unknown[] = [];
      do left = await home.sql("SELECT FROM records.session");
      while (left.length > 0);
      expect((await events("session.end")).at(-1)).toMatchObject({ detail: { why: "directory-not-asked" } });
    });

    it("is not answered for somebody who is not signed in there any more", async () => {
      const { token } = await enter("ama", admin);
      await expect(again(token, true)).rejects.toMatchObject(refused());
      await self(token);
    });

    it("takes within the hour what it gives nobody any more", async () => {
      const cookies = new Map<string, string>();
      const { token } = await enter("olu", officer, undefined, cookies);
      const matters = () => running.as(token).call("get", "/api/v1/matters");
      home.time += 25 * MINUTE_MS;
      await matters();
      home.time += 15 * MINUTE_MS;
      oidc.put({ sub: "olu", name: "Olu Officer", roles: ["official-of-another-system"] });
      // Until it is asked, what it said holds.
      await matters();
      await expect(again(token, true, { cookies })).rejects.toMatchObject(
        refused("Harbour Office gives you no role here: ask the service desk"),
      );
      await expect(matters()).rejects.toMatchObject({ status: 401 });
    });

    it("and where nobody asks it, ends the session itself", async () => {
      const { token } = await enter("olu", officer);
      const matters = () => running.as(token).call("get", "/api/v1/matters");
      for (let minutes = 0; minutes < 40; minutes += 20) {
        await matters();
        home.time += 20 * MINUTE_MS;
      }
      await matters();
      home.time += 20 * MINUTE_MS;
      await expect(matters()).rejects.toMatchObject({ status: 401 });
    });

    it("ends no session of a passkey", async () => {
      const { signed } = await acting.somebody("Pat Passkey", ["auditor"]);
      for (let minutes = 0; minutes < 120; minutes += 20) {
        await self(signed.token);
        home.time += 20 * MINUTE_MS;
      }
      expect(await self(signed.token)).toMatchObject({ renew: false });
      await expect(again(signed.token, true)).rejects.toMatchObject(refused());
    });
  });

  it("has its people in the log, and no name or subject of theirs in a table", async () => {
    await enter("subject-of-olu", officer);
    await running.stop();
    await start();
    const tables = async () => {
      const all: Record<string, unknown> = {};
      for (const table of PROJECTIONS)
        all[table] = await home.sql(`SELECT t::text FROM records.${table} t ORDER BY 1`);
      return all;
    };
    const before = await tables();
    expect(JSON.stringify(before)).not.toMatch(/subject-of-olu|Olu/);
    await running.stop();
    await home.sql("DROP SCHEMA records CASCADE");
    await start();
    expect(await tables()).toEqual(before);
    expect(home.logged.join("")).not.toMatch(/subject-of-olu|Olu/);
  });
});
