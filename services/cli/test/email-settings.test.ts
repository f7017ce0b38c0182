import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Home } from "@daybook/compose";
import { createLogger, readConfig } from "@daybook/runtime";
import { EMAIL, emailProblems } from "../src/run/email.ts";
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

function problems(env: NodeJS.ProcessEnv): string[] {
  const certificate = "-----BEGIN CERTIFICATE-----";
  const config = readConfig(EMAIL, { ...GIVEN, ...env });
  return emailProblems({ ...config, DAYBOOK_CONNECTORS: ["email"], DAYBOOK_TLS_CERTIFICATE: certificate });
}

describe("the settings of capture", () => {
  it("are right with copies and receipts, and without", () => {
    const receipts = {
      DAYBOOK_EMAIL_RECEIPTS_FROM: "no-reply@example.gov.uk",
      DAYBOOK_EMAIL_SUBMISSION_URL: "smtps://mail.example.gov.uk:465",
    };

    expect(problems({})).toEqual([]);
    expect(problems(COPIES)).toEqual([]);
    expect(problems({ ...COPIES, ...receipts })).toEqual([]);
  });

  it.each([
    [{ DAYBOOK_EMAIL_COPY_ADDRESSES: "record@example.gov.uk" }, "DAYBOOK_EMAIL_PRIVATE_MAILBOXES"],
    [{ ...COPIES, DAYBOOK_EMAIL_RECEIPTS_FROM: "no-reply@example.gov.uk" }, "DAYBOOK_EMAIL_SUBMISSION_URL"],
    [{ ...COPIES, DAYBOOK_EMAIL_SUBMISSION_USER: "daybook" }, "DAYBOOK_EMAIL_SUBMISSION_PASSWORD"],
    [{ ...COPIES, DAYBOOK_EMAIL_COPY_ADDRESSES: "journal-7f3a@example.gov.uk" }, "journals are sent to"],
  ])("name what is missing or wrong in %j", (env, named) => {
    expect(problems(env)).toEqual([expect.stringContaining(named)]);
  });

  it.each([
    { DAYBOOK_EMAIL_COPY_ADDRESSES: "record+minister@example.gov.uk" },
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

  it("tells whose mail it is, and gets a key of its own", async () => {
    const { keys, live } = await taken(right);

    expect(Buffer.from(keys.service.email!, "base64")).toHaveLength(32);
    expect(live.accounts).toEqual([
      { custodian: "Ann Lee", network: "email", method: "journal", identifier: "ann@example.gov.uk" },
      { custodian: "Ann Lee", network: "email", method: "copied", identifier: "ann@example.com" },
    ]);
  });

  it.each([
    ["sources", { ...right, sources: [] }],
    ["tls", { ...right, sources: ["192.0.2.1"] }],
    ["clientCa", { ...right, clientNames: ["mail.example.gov.uk"] }],
    ["copies.addresses.0", { ...right, copies: { ...right.copies, addresses: ["record+x@example.gov.uk"] } }],
    ["journalAddresses.0", { ...right, journalAddresses: ["nowhere"] }],
  ])("is refused where %s is wrong, which is named, and no value is", async (where, settings) => {
    await expect(taken(settings)).rejects.toThrow(`the file of mail is wrong at: ${where}`);
  });
});
