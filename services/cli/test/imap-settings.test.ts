import { readConfig } from "@daybook/runtime";
import { IMAP, imapProblems } from "../src/run/imap.ts";

const read = (mailboxes: string, passwords = "one") =>
  readConfig(IMAP, { DAYBOOK_IMAP_MAILBOXES: mailboxes, DAYBOOK_IMAP_PASSWORDS: passwords });

describe("the settings of mailboxes", () => {
  it("name server, user, folders and custodian", () => {
    const { DAYBOOK_IMAP_MAILBOXES: mailboxes } = read(
      "imaps://ann%40example.org@imap.example.org Ann Lee\nimaps://bo@[::1]:1993/INBOX,Sent%20Items/2026 Bo Ek\n",
    );
    expect(mailboxes).toEqual([
      { host: "imap.example.org", port: 993, user: "ann@example.org", folders: [], custodian: "Ann Lee" },
      { host: "[::1]", port: 1993, user: "bo", folders: ["INBOX", "Sent Items/2026"], custodian: "Bo Ek" },
    ]);
  });

  it.each([
    ["no TLS", "imap://ann@imap.example.org Ann Lee"],
    ["a password", "imaps://ann:secret-word@imap.example.org Ann Lee"],
    ["no custodian", "imaps://ann@imap.example.org"],
    ["no user", "imaps://imap.example.org Ann Lee"],
    ["a percent sign that encodes nothing", "imaps://ann@imap.example.org/%zz Ann Lee"],
  ])("refuse a line with %s, and do not repeat it", (_, line) => {
    expect(() => read(line)).toThrow(/DAYBOOK_IMAP_MAILBOXES/);
    expect(() => read(line)).not.toThrow(/secret-word|Ann/);
  });

  it("need a password for each mailbox", () => {
    const config = read("imaps://a@imap.example.org A\nimaps://b@imap.example.org B");
    expect(imapProblems({ ...config, DAYBOOK_CONNECTORS: ["imap"] })).toEqual([
      "DAYBOOK_IMAP_KEY: is missing beside the connector imap",
      "DAYBOOK_IMAP_PASSWORDS: must have a line for each mailbox",
    ]);
    expect(imapProblems(config)).toEqual([]);
  });
});
