import { hasPostgres, startTestPostgres, type TestPostgres } from "@daybook/catalogue/testing";
import { createDeployment, type Deployment, type Running } from "../support/deployment.ts";
import { type Amiss, SoftwareAuthenticator } from "../support/software-authenticator.ts";
import { acts, ORIGIN } from "./support.ts";

const HOUR_MS = 3_600_000;

(hasPostgres ? describe : describe.skip)("a passkey", () => {
  let postgres: TestPostgres;
  let home: Deployment;
  let running: Running;
  const { add, accept, anybody, beginInvited, beginPasskey, post, secretOf, self, signIn, somebody } = acts(
    () => running,
  );

  beforeAll(async () => {
    postgres = await startTestPostgres();
    home = await createDeployment(postgres);
    running = await home.start({ signIn: { origin: ORIGIN, limits: { perMinute: 10_000 } } });
  });
  afterAll(async () => {
    await running.stop();
    await home.close();
    await postgres.stop();
  });

  const refused = { status: 403, code: "sign-in-refused" };

  describe("is made by an invitation", () => {
    it("which says whom it is for, and signs them in", async () => {
      const { person, invitation } = await add("Ida Invited", ["auditor"]);
      expect(invitation.link.startsWith(`${ORIGIN}/sign-in/link#`)).toBe(true);
      expect(
        await post("/api/v1/sign-in/invitation/look", { invitation: secretOf(invitation.link) }),
      ).toEqual({
        name: "Ida Invited",
        roles: ["auditor"],
        expiresAt: new Date(home.time + 72 * HOUR_MS).toISOString(),
      });
      const { signed, authenticator } = await accept(invitation.link);
      expect(signed).toMatchObject({ person: { id: person.id, name: "Ida Invited", roles: ["auditor"] } });
      expect(await self(signed.token)).toMatchObject({ id: person.id, roles: ["auditor"] });
      const again = await signIn(authenticator);
      expect(again.person.id).toBe(person.id);
      expect(again.token).not.toBe(signed.token);
    });

    it("once", async () => {
      const { invitation } = await add("Once Invited", ["auditor"]);
      const secret = secretOf(invitation.link);
      const begun = await beginInvited(secret);
      await accept(invitation.link);
      const used = { status: 404, code: "no-such-invitation" };
      await expect(accept(invitation.link)).rejects.toMatchObject(used);
      const response = new SoftwareAuthenticator(ORIGIN).create(begun.options);
      await expect(
        post("/api/v1/sign-in/invitation/finish", {
          invitation: secret,
          ceremony: begun.ceremony,
          response,
          label: "x",
        }),
      ).rejects.toMatchObject(used);
    });

    it("of two at once, by one", async () => {
      const { person, invitation } = await add("Raced Invited", ["auditor"]);
      const results = await Promise.allSettled([accept(invitation.link), accept(invitation.link)]);
      expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      expect(
        await running.owner.call("get", "/api/v1/persons/:id", { params: { id: person.id } }),
      ).toMatchObject({
        passkeys: 1,
        invitedUntil: null,
      });
    });

    it("for three days, until another is made, and until the person ends", async () => {
      const late = await add("Late Invited", ["auditor"]);
      const { time } = home;
      home.time += 72 * HOUR_MS;
      await expect(accept(late.invitation.link)).rejects.toMatchObject({ code: "no-such-invitation" });
      home.time = time;
      const params = { id: late.person.id };
      const other = (await running.owner.call("post", "/api/v1/persons/:id/invitation", { params })) as {
        link: string;
      };
      await expect(accept(late.invitation.link)).rejects.toMatchObject({ code: "no-such-invitation" });
      await running.owner.call("post", "/api/v1/persons/:id/end", { params });
      await expect(accept(other.link)).rejects.toMatchObject({ code: "no-such-invitation" });
    });

    it("and not by another's ceremony", async () => {
      const one = await add("One Invited", ["auditor"]);
      const two = await add("Two Invited", ["auditor"]);
      const begun = await beginInvited(secretOf(one.invitation.link));
      const response = new SoftwareAuthenticator(ORIGIN).create(begun.options);
      await expect(
        post("/api/v1/sign-in/invitation/finish", {
          invitation: secretOf(two.invitation.link),
          ceremony: begun.ceremony,
          response,
          label: "x",
        }),
      ).rejects.toMatchObject(refused);
    });

    it.each<[string, Amiss]>([
      ["for another site", { origin: "https://daybook.example.org" }],
      ["for another RP", { rpId: "example.gov" }],
      ["for another challenge", { challenge: "AAAA" }],
      ["of an unverified user", { isVerified: false }],
      ["that is an assertion", { type: "webauthn.get" }],
    ])("but not one %s", async (_, amiss) => {
      const { invitation } = await add(`Amiss ${JSON.stringify(amiss)}`, ["auditor"]);
      const secret = secretOf(invitation.link);
      const { ceremony, options } = await beginInvited(secret);
      const response = new SoftwareAuthenticator(ORIGIN).create(options, amiss);
      await expect(
        post("/api/v1/sign-in/invitation/finish", { invitation: secret, ceremony, response, label: "x" }),
      ).rejects.toMatchObject(refused);
      await accept(invitation.link);
    });
  });

  describe("signs in", () => {
    const finish = async (authenticator: SoftwareAuthenticator, amiss: Amiss) => {
      const { ceremony, options } = await beginPasskey();
      return post("/api/v1/sign-in/passkey/finish", {
        ceremony,
        response: authenticator.get(options, amiss),
      });
    };

    it("asks for no name, and for a verified user", async () => {
      const { options } = await beginPasskey();
      expect(options).toMatchObject({ rpId: "daybook.example.gov", userVerification: "required" });
      expect(options).not.toHaveProperty("allowCredentials");
    });

    it.each<[string, Amiss]>([
      ["for another site", { origin: "https://daybook.example.org" }],
      ["for another RP", { rpId: "example.gov" }],
      ["for another challenge", { challenge: "AAAA" }],
      ["of an unverified user", { isVerified: false }],
      ["that is a registration", { type: "webauthn.create" }],
      ["that counts backwards", { counter: 1 }],
      ["whose signature is another's", { isForged: true }],
    ])("but not one %s, which is recorded", async (_, amiss) => {
      const { id, authenticator } = await somebody(`Sign ${JSON.stringify(amiss)}`, ["auditor"]);
      await signIn(authenticator);
      await expect(finish(authenticator, amiss)).rejects.toMatchObject(refused);
      expect((await home.auditEvents()).at(-1)).toMatchObject({ action: "session.refuse", subject: id });
      await signIn(authenticator);
    });

    it("once for one challenge, right or wrong, within five minutes", async () => {
      const { authenticator } = await somebody("Once Signed", ["auditor"]);
      const { ceremony, options } = await beginPasskey();
      const response = authenticator.get(options);
      await post("/api/v1/sign-in/passkey/finish", { ceremony, response });
      await expect(post("/api/v1/sign-in/passkey/finish", { ceremony, response })).rejects.toMatchObject(
        refused,
      );
      const late = await beginPasskey();
      home.time += 5 * 60_000;
      await expect(
        post("/api/v1/sign-in/passkey/finish", {
          ceremony: late.ceremony,
          response: authenticator.get(late.options),
        }),
      ).rejects.toMatchObject(refused);
    });

    it("and not one that nobody knows, or that was removed", async () => {
      await expect(signIn(new SoftwareAuthenticator(ORIGIN))).rejects.toMatchObject(refused);
      const { signed, authenticator } = await somebody("Two Keys", ["auditor"]);
      const by = running.as(signed.token);
      home.time += 1_000;
      const begun = (await by.call("post", "/api/v1/self/passkeys/begin")) as {
        ceremony: string;
        options: unknown;
      };
      const other = new SoftwareAuthenticator(ORIGIN);
      const made = await by.call("post", "/api/v1/self/passkeys/finish", {
        body: { ceremony: begun.ceremony, response: other.create(begun.options), label: "Phone" },
      });
      const { passkeys } = (await by.call("get", "/api/v1/self/passkeys")) as {
        passkeys: { id: string; label: string; usedAt: string | null }[];
      };
      expect(passkeys.map(({ label }) => label)).toEqual(["Work laptop", "Phone"]);
      expect(passkeys[1]).toMatchObject(made as object);
      await by.call("post", "/api/v1/self/passkeys/:id/remove", { params: { id: passkeys[0]!.id } });
      await expect(signIn(authenticator)).rejects.toMatchObject(refused);
      await expect(
        by.call("post", "/api/v1/self/passkeys/:id/remove", { params: { id: passkeys[1]!.id } }),
      ).rejects.toMatchObject({ status: 409, code: "conflict" });
      expect((await signIn(other)).person.name).toBe("Two Keys");
    });
  });

  it("is removed by nobody else, and made by no token", async () => {
    const one = await somebody("One Owner", ["auditor"]);
    const two = await somebody("Two Owner", ["auditor"]);
    const { passkeys } = (await running.as(one.signed.token).call("get", "/api/v1/self/passkeys")) as {
      passkeys: { id: string }[];
    };
    await expect(
      running
        .as(two.signed.token)
        .call("post", "/api/v1/self/passkeys/:id/remove", { params: { id: passkeys[0]!.id } }),
    ).rejects.toMatchObject({ status: 404 });
    await expect(running.owner.call("post", "/api/v1/self/passkeys/begin")).rejects.toMatchObject({
      status: 409,
    });
    const begun = (await running.as(one.signed.token).call("post", "/api/v1/self/passkeys/begin")) as {
      ceremony: string;
      options: unknown;
    };
    await expect(
      running.as(two.signed.token).call("post", "/api/v1/self/passkeys/finish", {
        body: {
          ceremony: begun.ceremony,
          response: new SoftwareAuthenticator(ORIGIN).create(begun.options),
          label: "x",
        },
      }),
    ).rejects.toMatchObject(refused);
  });

  it("is asked for by nobody too often", async () => {
    await running.stop();
    running = await home.start({ signIn: { origin: ORIGIN, limits: { perMinute: 3 } } });
    for (let i = 0; i < 3; i += 1) await anybody().call("get", "/api/v1/sign-in");
    await expect(anybody().call("get", "/api/v1/sign-in")).rejects.toMatchObject({
      status: 429,
      code: "too-many-requests",
    });
    home.time += 60_000;
    await anybody().call("get", "/api/v1/sign-in");
  });
});
