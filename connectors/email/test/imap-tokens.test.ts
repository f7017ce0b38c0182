import { generateKeyPairSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { TokenEndpoint } from "../../../test/fakes/token-endpoint.ts";
import { googleTokens, microsoftTokens } from "../src/index.ts";
import { describeWithDovecot, Dovecot } from "./dovecot.ts";
import { mail, Reading, until } from "./reading-mailbox.ts";

const TIMEOUT_MS = 240_000;
const OUTLOOK = "https://outlook.office365.com";
const MINUTE_MS = 60_000;

for (const mechanism of ["xoauth2", "oauthbearer"] as const)
  describeWithDovecot(`a mailbox that is read with tokens, by ${mechanism}`, () => {
    let endpoint: TokenEndpoint;
    let dovecot: Dovecot;
    let reading: Reading;
    let clock: number;
    let logged: string[];
    beforeAll(async () => {
      endpoint = await TokenEndpoint.start();
      dovecot = await Dovecot.start({ mechanism, introspection: `${endpoint.url}/introspect` });
    }, TIMEOUT_MS);
    beforeEach(() => {
      clock = Date.now();
      endpoint.now = () => clock;
      dovecot.user = `ann${clock}@example.org`;
      endpoint.opens = dovecot.user;
      endpoint.given = 0;
      reading = new Reading(dovecot);
      logged = [];
    });
    afterEach(() => reading[Symbol.asyncDispose](), TIMEOUT_MS);
    afterAll(async () => {
      await dovecot[Symbol.asyncDispose]();
      await endpoint.close();
    }, TIMEOUT_MS);

    const microsoft = (clientSecret = () => "made up") => {
      const { tenant, clientId, url: loginUrl } = endpoint;
      const application = { tenant, clientId, loginUrl, credential: { clientSecret } };
      return microsoftTokens(application, OUTLOOK, () => new Date(clock));
    };
    const note = (...said: unknown[]) => void logged.push(JSON.stringify(said));
    const log = { info: note, warn: note, error: note };

    it(
      "of an application of Microsoft's is had, and goes on with another token when that one is revoked",
      async () => {
        const signIn = { tokens: microsoft() };
        await dovecot.append(mail(1));
        await reading.visit({ signIn });
        await dovecot.append(mail(2));
        await reading.visit({ signIn });
        expect(endpoint.given).toBe(1);
        clock += 2 * MINUTE_MS;
        endpoint.revoke();
        await dovecot.append(mail(3));
        await reading.visit({ signIn, log });

        expect(reading.messages).toEqual([1, 2, 3].map((n) => `${n}@example.net`));
        expect(endpoint.given).toBe(2);
        expect(logged.join()).not.toContain("trying again");
      },
      TIMEOUT_MS,
    );

    it(
      "of a service account of Google's is had",
      async () => {
        const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
        const of = { clientEmail: "daybook@project.iam.gserviceaccount.com", keyId: "key-1" };
        const pem = publicKey.export({ type: "spki", format: "pem" }) as string;
        endpoint.serviceAccount = { ...of, publicKey: pem, actsFor: [dovecot.user] };
        const account = {
          ...{ ...of, tokenUrl: `${endpoint.url}/token` },
          privateKey: () => privateKey.export({ type: "pkcs8", format: "pem" }) as string,
        };
        await dovecot.append(mail(1));
        await reading.visit({
          signIn: { tokens: googleTokens(account, dovecot.user, () => new Date(clock)) },
        });

        expect(reading.messages).toEqual(["1@example.net"]);
      },
      TIMEOUT_MS,
    );

    it(
      "says whether the directory gives no token or the server takes none, names nobody, and reads on when it may",
      async () => {
        let secret = "another";
        await dovecot.append(mail(1));
        endpoint.opens = "bo@example.org";
        reading.start({ signIn: { tokens: microsoft(() => secret) }, log });
        const problem = () => reading.connector?.health()[0]?.problem;
        await until(() => problem() !== undefined);
        expect(problem()).toMatch(/gives no token/);
        secret = "made up";
        await until(() => problem()?.includes("gives no token") !== true);
        expect(problem()).toMatch(/refuses the user or the token/);
        expect(reading.connector?.health()[0]?.status).toBe("refused");
        endpoint.faults.push({ status: 503 }, "lost");
        clock += 2 * MINUTE_MS;
        while (endpoint.faults.length > 0) await sleep(20);
        endpoint.opens = dovecot.user;
        await reading.live();

        expect(reading.messages).toEqual(["1@example.net"]);
        expect(logged.join()).toContain("invalid_client");
        expect(logged.join()).not.toMatch(/example\.|made up|another|AADSTS/);
      },
      TIMEOUT_MS,
    );
  });

describeWithDovecot("a server that takes no tokens", () => {
  it(
    "refuses, which is said",
    async () => {
      const endpoint = await TokenEndpoint.start();
      const { tenant, clientId, url: loginUrl } = endpoint;
      const application = { tenant, clientId, loginUrl, credential: { clientSecret: () => "made up" } };
      await using dovecot = await Dovecot.start();
      await using reading = new Reading(dovecot);
      reading.start({ signIn: { tokens: microsoftTokens(application, OUTLOOK) } });
      await until(() => reading.connector?.health()[0]?.status === "refused");
      await endpoint.close();

      expect(reading.connector?.health()[0]?.problem).toMatch(/token/);
    },
    TIMEOUT_MS,
  );
});
