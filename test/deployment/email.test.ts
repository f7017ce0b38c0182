import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { jest } from "@jest/globals";
import { describeWithPostfix, freePort, Postfix, swaks } from "../../connectors/email/test/postfix.ts";
import { deploy, type Deployment } from "./deployment.ts";
import { describeDeployed } from "./installed.ts";

jest.setTimeout(300_000);

const JOURNAL = "journal-7f3a@archive.example.gov.uk";
const LOAD = 40;

interface Found {
  readonly results: readonly { readonly kind: string; readonly text: string | null }[];
  readonly total: number;
}

describeWithPostfix("mail", () =>
  describeDeployed("in a deployment", () => {
    let deployment: Deployment;
    let port: number;

    beforeAll(async () => {
      port = await freePort();
      const given: NodeJS.ProcessEnv = {
        DAYBOOK_CONNECTORS: "email",
        DAYBOOK_EMAIL_JOURNAL_ADDRESSES: JOURNAL,
        DAYBOOK_EMAIL_SOURCES: "127.0.0.1",
        DAYBOOK_EMAIL_COPY_ADDRESSES: "record@example.gov.uk",
        DAYBOOK_EMAIL_PORT: String(port),
      };
      deployment = (await deploy({
        prepare: (dir) => {
          const secrets = {
            MAILBOXES: "ann@example.gov.uk,a.lee@example.gov.uk Ann Lee\n",
            PRIVATE_MAILBOXES: "ann.private@example.com Ann Lee\n",
            KEY: Buffer.alloc(32, 7).toString("base64"),
          };
          for (const [name, value] of Object.entries(secrets)) {
            const path = join(dir, `email-${name}`);
            writeFileSync(path, value, { mode: 0o400 });
            given[`DAYBOOK_EMAIL_${name}_FILE`] = path;
          }
          return Promise.resolve(() => Promise.resolve());
        },
        envOf: ({ service }) => (service === "capture" ? given : {}),
      }))!;
    });
    afterAll(() => deployment.remove());

    it("is on record once each, over TLS, though capture is killed while Postfix hands it over", async () => {
      const { id: matter } = await deployment.json<{ id: string }>([
        ...["matter", "open", "--title", "Mail", "--kind", "foi"],
      ]);
      const search = (...words: string[]) =>
        deployment.json<Found>([
          ...["search", ...words, "--network", "email", "--limit", "200", "--matter", matter],
        ]);
      await using postfix = await Postfix.start(port, true);
      const sends = (subject: string) =>
        swaks(postfix.port, [
          ...["--from", "fergus@example.org", "--to", JOURNAL, "--h-To", "a.lee@example.gov.uk"],
          ...["--h-Subject", subject, "--body", "Fergus", "--attach-type", "text/plain", "--attach", "nine"],
        ]);
      await sends("Can the ferry sail?");
      await swaks(postfix.port, [
        ...["--from", "ann.private@example.com", "--to", "record+minister@example.gov.uk"],
        ...["--h-To", "fergus@example.org", "--h-Subject", "A ferry, privately", "--body", "Ann"],
      ]);
      while ((await search("ferry")).total < 2) await sleep(300);
      await postfix.load(LOAD, JOURNAL);
      const capture = deployment.services.get("capture")!;
      await capture.stop("SIGKILL");
      await sends("While you were away");
      expect(await postfix.queued()).toBeGreaterThan(0);
      capture.start();
      while ((await postfix.queued()) > 0) await sleep(300);
      while ((await search("while")).total < 1) await sleep(300);
      const messages = async () => (await search()).results.filter(({ kind }) => kind === "message");
      while ((await messages()).length < LOAD + 3) await sleep(300);

      expect(await messages()).toHaveLength(LOAD + 3);
      expect(postfix.log()).not.toMatch(/status=bounced|status=expired/);
    });
  }),
);
