import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Home } from "@daybook/compose";
import { createLogger, readConfig } from "@daybook/runtime";
import { canaryOf, copyCanaryOf } from "../src/run/email-canary.ts";
import { EMAIL, emailProblems } from "../src/run/email.ts";
import { submissionOf } from "../src/run/email-submission.ts";
import { traceOf } from "../src/run/email-trace.ts";
import { withEmail } from "../src/up/email.ts";
import type { Keys } from "../src/up/keys.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const GIVEN = {
  DAYBOOK_EMAIL_MAILBOXES: "ann@example.gov.uk,A.Lee@example.gov.uk Ann Lee\n",
  DAYBOOK_EMAIL_JOURNAL_ADDRESSES: "journal-7f3a@example.gov.uk",
  DAYBOOK_EMAIL_SOURCES: "192.0.2.0/24",
  DAYBOOK_EMAIL_KEY: KEY,
};
const COPIES = {
  DAYBOOK_EMAIL_COPY_ADDRESSES: "record@example.gov.uk",
  DAYBOOK_EMAIL_PRIVATE_MAILBOXES: "ann@example.com Ann Lee",
};
const SERVER = { DAYBOOK_EMAIL_SUBMISSION_URL: "smtps://mail.example.gov.uk:465" };
const CANARY = { DAYBOOK_EMAIL_CANARY_MAILBOX: "a.lee@Example.gov.uk" };
const TRACE = {
  DAYBOOK_EMAIL_TRACE_TENANT: "example.onmicrosoft.com",
  DAYBOOK_EMAIL_TRACE_CLIENT_ID: "0d7f3a2b-6c1e-4f9a-9b9a-3c0a2b1c4d5e",
};
const CLIENT = { DAYBOOK_EMAIL_TRACE_CLIENT_ID: TRACE.DAYBOOK_EMAIL_TRACE_CLIENT_ID };

function problems(env: NodeJS.ProcessEnv): string[] {
  const certificate = "-----BEGIN CERTIFICATE-----";
  const config = readConfig(EMAIL, { ...GIVEN, ...env });
  return emailProblems({ ...config, DAYBOOK_CONNECTORS: ["email"], DAYBOOK_TLS_CERTIFICATE: certificate });
}

describe("the settings of capture", () => {
  it("are right with copies and receipts, and without", () => {
    const receipts = { DAYBOOK_EMAIL_RECEIPTS_FROM: "no-reply@example.gov.uk", ...SERVER };

    expect(problems({})).toEqual([]);
    expect(problems(COPIES)).toEqual([]);
    expect(problems({ ...COPIES, ...receipts })).toEqual([]);
    expect(problems({ ...COPIES, ...receipts, ...CANARY })).toEqual([]);
  });

  it("have the journal tested every 15 minutes where a mailbox is named, and not else", () => {
    const canary = (env: NodeJS.ProcessEnv) => {
      const config = readConfig(EMAIL, { ...GIVEN, ...env });
      return canaryOf(config, submissionOf(config));
    };

    expect(problems({ ...SERVER, ...CANARY })).toEqual([]);
    expect(canary({ ...SERVER, ...CANARY })).toMatchObject({
      address: "a.lee@example.gov.uk",
      submission: { host: "mail.example.gov.uk", port: 465, security: "tls" },
      everyMs: 900_000,
      withinMs: 600_000,
    });
    expect(canary({})).toBeUndefined();
  });

  it("have it compared with a tenant's message trace a day later, by a secret from a file", async () => {
    const dir = await mkdtemp(join(tmpdir(), "daybook-email-secret-"));
    const file = join(dir, "email-trace-client-secret");
    await writeFile(file, "made up\n", { mode: 0o400 });
    const given = { ...TRACE, DAYBOOK_EMAIL_TRACE_CLIENT_SECRET_FILE: file };
    const trace = traceOf(readConfig(EMAIL, { ...GIVEN, ...given }));

    expect(problems(given)).toEqual([]);
    expect(trace).toMatchObject({ settleMs: 86_400_000, graphUrl: "https://graph.microsoft.com" });
    expect(trace?.application).toMatchObject({ tenant: "example.onmicrosoft.com" });
    const { credential } = trace!.application;
    expect("clientSecret" in credential && credential.clientSecret()).toBe("made up");
    expect(JSON.stringify(trace)).not.toContain("made up");
    expect(traceOf(readConfig(EMAIL, GIVEN))).toBeUndefined();
    await rm(dir, { recursive: true });
  });

  it("have the way of copies tested daily where a registered mailbox is named, and not else", () => {
    const given = { ...COPIES, ...SERVER, DAYBOOK_EMAIL_COPY_CANARY_MAILBOX: "ann@example.com" };
    const config = readConfig(EMAIL, { ...GIVEN, ...given });

    expect(problems(given)).toEqual([]);
    expect(copyCanaryOf(config, submissionOf(config))).toMatchObject({
      ...{ address: "ann@example.com", everyMs: 86_400_000, withinMs: 1_800_000 },
    });
    const without = readConfig(EMAIL, { ...GIVEN, ...COPIES });
    expect(copyCanaryOf(without, submissionOf(without))).toBeUndefined();
  });

  it.each([
    [{ DAYBOOK_EMAIL_COPY_ADDRESSES: "record@example.gov.uk" }, "DAYBOOK_EMAIL_PRIVATE_MAILBOXES"],
    [{ ...COPIES, DAYBOOK_EMAIL_RECEIPTS_FROM: "no-reply@example.gov.uk" }, "DAYBOOK_EMAIL_SUBMISSION_URL"],
    [{ ...COPIES, DAYBOOK_EMAIL_SUBMISSION_USER: "daybook" }, "DAYBOOK_EMAIL_SUBMISSION_PASSWORD"],
    [SERVER, "DAYBOOK_EMAIL_SUBMISSION_URL: stands without"],
    [CANARY, "DAYBOOK_EMAIL_SUBMISSION_URL"],
    [{ ...SERVER, DAYBOOK_EMAIL_CANARY_MAILBOX: "bo@example.gov.uk" }, "none of DAYBOOK_EMAIL_MAILBOXES"],
    [{ ...SERVER, ...CANARY, DAYBOOK_EMAIL_CANARY_MINUTES: "10" }, "WITHIN_MINUTES: must be less"],
    [
      { ...COPIES, ...SERVER, DAYBOOK_EMAIL_COPY_CANARY_MAILBOX: "bo@example.com" },
      "none of DAYBOOK_EMAIL_PRIVATE_MAILBOXES",
    ],
    [TRACE, "DAYBOOK_EMAIL_TRACE_CLIENT_SECRET: is missing, and a certificate"],
    [{ DAYBOOK_EMAIL_TRACE_CLIENT_SECRET: "x", ...CLIENT }, "DAYBOOK_EMAIL_TRACE_TENANT: is missing"],
    [{ ...COPIES, DAYBOOK_EMAIL_COPY_ADDRESSES: "journal-7f3a@example.gov.uk" }, "journals are sent to"],
  ])("name what is missing or wrong in %j", (env, named) => {
    expect(problems(env)).toEqual([expect.stringContaining(named)]);
  });

  it.each([
    { DAYBOOK_EMAIL_COPY_ADDRESSES: "record+minister@example.gov.uk" },
    { DAYBOOK_EMAIL_CANARY_MINUTES: "1" },
    { DAYBOOK_EMAIL_TRACE_GRAPH_URL: "http://graph.microsoft.com" },
    { DAYBOOK_EMAIL_TRACE_GRAPH_URL: "https://graph.microsoft.com/beta" },
    { DAYBOOK_EMAIL_TRACE_TENANT: "a/b" },
    { DAYBOOK_EMAIL_SUBMISSION_URL: "http://mail.example.gov.uk:25" },
  ])("refuse %j", (env) => {
    expect(() => problems(env)).toThrow(Object.keys(env)[0]);
  });
});

describe("the file of `daybook up --email`", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "daybook-email-settings-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const right = {
    mailboxes: [{ addresses: ["ann@example.gov.uk"], custodian: "Ann Lee" }],
    journalAddresses: ["journal-7f3a@example.gov.uk"],
    sources: ["127.0.0.1"],
    copies: {
      addresses: ["record@example.gov.uk"],
      privateMailboxes: [{ addresses: ["ann@example.com", "a@example.net"], custodian: "Ann Lee" }],
    },
  };

  async function taken(settings: object) {
    const file = join(dir, "email.json");
    await writeFile(file, JSON.stringify(settings), { mode: 0o600 });
    const keys = { service: {}, save: () => Promise.resolve() } as unknown as Keys;
    const log = createLogger("email", "fatal");
    return withEmail({ dir } as Home, keys, { file, host: "127.0.0.1", log });
  }

  const submission = { host: "127.0.0.1", port: 587, security: "none" };
  const canary = { mailbox: "ann@example.gov.uk", submission };

  const trace = { tenant: "example.gov.uk", clientId: TRACE.DAYBOOK_EMAIL_TRACE_CLIENT_ID };

  it("may have the journal tested, and compared with a message trace", async () => {
    const copies = { ...right.copies, canary: { ...canary, mailbox: "a@example.net" } };
    const compared = { ...right, copies, canary, trace: { ...trace, clientSecret: "made up" } };
    await expect(taken(compared)).resolves.toHaveProperty("live.name", "email");
  });

  it("tells whose mail it is, and gets a key of its own", async () => {
    const { keys, live } = await taken(right);

    expect(Buffer.from(keys.service.email!, "base64")).toHaveLength(32);
    expect(live.accounts).toEqual([
      { custodian: "Ann Lee", network: "email", method: "journal", identifier: "ann@example.gov.uk" },
      { custodian: "Ann Lee", network: "email", method: "copied", identifier: "ann@example.com" },
    ]);
  });

  it.each<[string, object]>([
    ["sources", { ...right, sources: [] }],
    ["tls", { ...right, sources: ["192.0.2.1"] }],
    [
      "tls.key",
      { ...right, tls: { certificate: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----" } },
    ],
    ["clientCa", { ...right, clientNames: ["mail.example.gov.uk"] }],
    ["copies.addresses.0", { ...right, copies: { ...right.copies, addresses: ["record+x@example.gov.uk"] } }],
    ["canary.mailbox", { ...right, canary: { ...canary, mailbox: "bo@example.gov.uk" } }],
    ["canary.withinMinutes", { ...right, canary: { ...canary, minutes: 5 } }],
    [
      "canary.submission.security",
      { ...right, canary: { ...canary, submission: { ...submission, host: "mail.example.gov.uk" } } },
    ],
    [
      "copies.canary.mailbox",
      { ...right, copies: { ...right.copies, canary: { ...canary, mailbox: "bo@example.com" } } },
    ],
    ["trace.clientSecret", { ...right, trace }],
    ["journalAddresses.0", { ...right, journalAddresses: ["nowhere"] }],
  ])("is refused where %s is wrong, which is named, and no value is", async (where, settings) => {
    await expect(taken(settings)).rejects.toThrow(`the file of mail is wrong at: ${where}`);
  });
});
