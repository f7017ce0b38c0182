import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Home } from "@daybook/compose";
import { createLogger, readConfig } from "@daybook/runtime";
import { IMAP, imapOf, imapProblems } from "../src/run/imap.ts";
import { withImap } from "../src/up/imap.ts";
import type { Keys } from "../src/up/keys.ts";

const ANN = "imaps://ann%40example.org@imap.example.org";
const MICROSOFT = "imaps://bo%40example.org@outlook.office365.com?auth=microsoft";
const GOOGLE = "imaps://cy%40example.org@imap.gmail.com/INBOX,Sent%20Mail?auth=google";
const TENANT = {
  DAYBOOK_IMAP_MICROSOFT_TENANT: "example.onmicrosoft.com",
  DAYBOOK_IMAP_MICROSOFT_CLIENT_ID: "0d7f3a2b-6c1e-4f9a-9b9a-3c0a2b1c4d5e",
};
const pemOf = (type: "rsa" | "ec") => {
  const { privateKey } =
    type === "rsa"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }) as string;
};
const serviceAccount = (privateKey: string, uri = "https://oauth2.googleapis.com/token") => ({
  ...{ type: "service_account", project_id: "made-up", client_email: "daybook@project.example" },
  ...{ private_key_id: "key-1", private_key: privateKey, token_uri: uri },
});
const RSA = pemOf("rsa");

let dir: string;
let certificate: string;
let certificateKey: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "daybook-imap-settings-"));
  const [key, pem] = [join(dir, "key"), join(dir, "pem")];
  const made = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=daybook", "-keyout", key, "-out", pem];
  execFileSync("openssl", ["req", "-x509", ...made], { stdio: "ignore" });
  [certificate, certificateKey] = [readFileSync(pem, "utf8"), readFileSync(key, "utf8")];
});
afterAll(() => rmSync(dir, { recursive: true }));

const read = (mailboxes: string, more: NodeJS.ProcessEnv = { DAYBOOK_IMAP_PASSWORDS: "one" }) =>
  readConfig(IMAP, { DAYBOOK_IMAP_MAILBOXES: mailboxes, ...more });
const KEY = { DAYBOOK_IMAP_KEY: Buffer.alloc(32, 7).toString("base64") };
const problems = (mailboxes: string, more: NodeJS.ProcessEnv) =>
  imapProblems({ ...read(mailboxes, { ...KEY, ...more }), DAYBOOK_CONNECTORS: ["imap"] });

describe("the settings of mailboxes", () => {
  it("name server, user, folders and custodian, and whose tokens open it", () => {
    const { DAYBOOK_IMAP_MAILBOXES: mailboxes } = read(
      `${ANN} Ann Lee\nimaps://bo@[::1]:1993/INBOX,Sent%20Items/2026 Bo Ek\n${GOOGLE} Cy Oe`,
    );
    expect(mailboxes).toEqual([
      { host: "imap.example.org", port: 993, user: "ann@example.org", folders: [], custodian: "Ann Lee" },
      { host: "[::1]", port: 1993, user: "bo", folders: ["INBOX", "Sent Items/2026"], custodian: "Bo Ek" },
      {
        ...{ host: "imap.gmail.com", port: 993, user: "cy@example.org", folders: ["INBOX", "Sent Mail"] },
        ...{ custodian: "Cy Oe", tokens: "google" },
      },
    ]);
  });

  it.each([
    ["no TLS", "imap://ann@imap.example.org Ann Lee"],
    ["a password", "imaps://ann:secret-word@imap.example.org Ann Lee"],
    ["no custodian", "imaps://ann@imap.example.org"],
    ["no user", "imaps://imap.example.org Ann Lee"],
    ["a percent sign that encodes nothing", "imaps://ann@imap.example.org/%zz Ann Lee"],
    ["tokens of nobody", "imaps://ann@imap.example.org?auth=secret-word Ann Lee"],
    ["more than is known", "imaps://ann@imap.example.org?auth=google&user=secret-word Ann Lee"],
  ])("refuse a line with %s, and do not repeat it", (_, line) => {
    expect(() => read(line)).toThrow(/DAYBOOK_IMAP_MAILBOXES/);
    expect(() => read(line)).not.toThrow(/secret-word|Ann/);
  });

  it("need a password for each mailbox without tokens, and what tokens are had by for the others", () => {
    expect(imapProblems({ ...read(`${ANN} A\n${ANN} B`), DAYBOOK_CONNECTORS: ["imap"] })).toEqual([
      "DAYBOOK_IMAP_KEY: is missing beside the connector imap",
      "DAYBOOK_IMAP_PASSWORDS: must have a line for each mailbox without ?auth=",
    ]);
    expect(imapProblems(read(`${ANN} A\n${ANN} B`))).toEqual([]);
    expect(problems(`${ANN} A\n${MICROSOFT} B\n${GOOGLE} C`, { DAYBOOK_IMAP_PASSWORDS: "one" })).toEqual([
      "DAYBOOK_IMAP_MICROSOFT_TENANT: is missing beside ?auth=microsoft",
      "DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: is missing beside ?auth=google",
    ]);
    const google = JSON.stringify(serviceAccount(RSA));
    const more = { ...TENANT, DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: google };
    expect(
      problems(`${MICROSOFT} B\n${GOOGLE} C`, { ...more, DAYBOOK_IMAP_MICROSOFT_CLIENT_SECRET: "x" }),
    ).toEqual([]);
  });

  it("take a certificate in place of the secret, with its key and no other", () => {
    const by = (DAYBOOK_IMAP_MICROSOFT_CERTIFICATE_KEY: string | undefined, more = {}) =>
      problems(`${MICROSOFT} B`, {
        ...{ ...TENANT, DAYBOOK_IMAP_MICROSOFT_CERTIFICATE: certificate, ...more },
        DAYBOOK_IMAP_MICROSOFT_CERTIFICATE_KEY,
      });

    expect(by(certificateKey)).toEqual([]);
    expect(by(RSA)).toEqual([
      "DAYBOOK_IMAP_MICROSOFT_CERTIFICATE_KEY: is not the RSA key of the certificate",
    ]);
    expect(by(undefined)).toEqual(["DAYBOOK_IMAP_MICROSOFT_CERTIFICATE_KEY: belongs with a certificate"]);
    expect(by(certificateKey, { DAYBOOK_IMAP_MICROSOFT_CLIENT_SECRET: "x" })).toEqual([
      "DAYBOOK_IMAP_MICROSOFT_CERTIFICATE: stands beside a client secret: give one of them",
    ]);
  });

  it.each<[string, () => string]>([
    ["no JSON", () => "made up"],
    ["a key that is none", () => JSON.stringify(serviceAccount("made up"))],
    ["a key of another kind", () => JSON.stringify(serviceAccount(pemOf("ec")))],
    ["an endpoint that anybody hears", () => JSON.stringify(serviceAccount(RSA, "http://example.org/token"))],
  ])("refuse a service account with %s", (_, text) => {
    expect(problems(`${GOOGLE} C`, { DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: text() })).toEqual([
      "DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: is no key file of a service account",
    ]);
  });

  it("make a connector of all three kinds", async () => {
    const more = {
      ...{ ...KEY, ...TENANT, DAYBOOK_IMAP_PASSWORDS: "one", DAYBOOK_IMAP_MICROSOFT_CLIENT_SECRET: "x" },
      DAYBOOK_IMAP_GOOGLE_SERVICE_ACCOUNT: JSON.stringify(serviceAccount(RSA)),
    };
    const config = read(`${MICROSOFT} B\n${ANN} A\n${GOOGLE} C`, more);
    const live = await imapOf({ ...config, DAYBOOK_STATE_PATH: dir }, createLogger("imap", "fatal"));

    expect(live.accounts.map(({ custodian, identifier }) => [custodian, identifier])).toEqual([
      ["B", "bo@example.org"],
      ["A", "ann@example.org"],
      ["C", "cy@example.org"],
    ]);
  });
});

describe("the file of `daybook up --imap`", () => {
  async function taken(settings: object) {
    const file = join(dir, "imap.json");
    writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
    const keys = { service: {}, save: () => Promise.resolve() } as unknown as Keys;
    return withImap({ dir } as Home, keys, { file, log: createLogger("imap", "fatal") });
  }
  const ann = { url: ANN, custodian: "Ann Lee", password: "one" };
  const bo = { url: MICROSOFT, custodian: "Bo Ek" };
  const application = { tenant: "example.org", clientId: TENANT.DAYBOOK_IMAP_MICROSOFT_CLIENT_ID };

  it("tells which mailboxes there are and what opens them, and gets a key of its own", async () => {
    const { keys, live } = await taken({
      mailboxes: [ann, bo, { url: GOOGLE, custodian: "Cy Oe" }],
      microsoft: { ...application, certificate, certificateKey },
      google: serviceAccount(RSA),
    });

    expect(Buffer.from(keys.service.imap!, "base64")).toHaveLength(32);
    expect(live.accounts).toEqual(
      [
        ["Ann Lee", "ann@example.org"],
        ["Bo Ek", "bo@example.org"],
        ["Cy Oe", "cy@example.org"],
      ].map(([custodian, identifier]) => ({ custodian, identifier, network: "email", method: "export" })),
    );
  });

  it.each<[string, object]>([
    ["mailboxes.0.password", { mailboxes: [{ ...ann, password: undefined }] }],
    ["mailboxes.0.url", { mailboxes: [{ ...ann, url: "imap://ann@imap.example.org" }] }],
    ["microsoft", { mailboxes: [bo] }],
    ["microsoft.clientSecret", { mailboxes: [bo], microsoft: application }],
    ["google.private_key", { mailboxes: [ann], google: serviceAccount("made up") }],
  ])("is refused where %s is wrong, which is named, and no value is", async (where, settings) => {
    await expect(taken(settings)).rejects.toThrow(`the file of mailboxes is wrong at: ${where}`);
  });
});
