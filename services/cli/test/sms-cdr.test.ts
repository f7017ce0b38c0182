import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger, readConfig } from "@daybook/runtime";
import { LISTENING } from "../src/run/settings.ts";
import { SMS, smsProblems } from "../src/run/sms.ts";
import { cdrOf, smsCdr } from "../src/sms-cdr.ts";
import { withSms } from "../src/up/sms.ts";

const CDR = {
  dir: "/srv/sms-cdr",
  columns: { from: "Source", to: "Destination", time: "Submitted" },
  ...{ dates: "dmy", zone: "Europe/London" },
} as const;
const BASE = {
  DAYBOOK_SMS_NUMBERS: "+447700900123 Olivia Sinclair",
  DAYBOOK_SMS_COUNTRY: "GB",
  DAYBOOK_SMS_KEY: Buffer.alloc(32, 7).toString("base64"),
};
const SMPP = {
  DAYBOOK_SMS_SMPP_HOSTS: "smpps://smpp.aggregator.example:3550",
  DAYBOOK_SMS_SMPP_SYSTEM_ID: "daybook",
  DAYBOOK_SMS_SMPP_PASSWORD: "s3cret",
};
const config = (cdr: object, more: object = SMPP) => ({
  ...readConfig({ ...SMS, ...LISTENING }, { ...BASE, ...more, DAYBOOK_SMS_SMPP_CDR: JSON.stringify(cdr) }),
  DAYBOOK_CONNECTORS: ["sms"],
});

describe("an aggregator's own records, by settings", () => {
  it("are read by commas and all rows of them, by the clocks of their zone", async () => {
    expect(smsProblems(config(CDR))).toEqual([]);
    const cdr = await cdrOf(smsCdr.parse(CDR));
    expect(cdr).toMatchObject({ ...{ delimiter: ",", only: {} }, columns: CDR.columns });
    expect(cdr.instantOf("2026-07-01T09:00:00")).toBe(Date.parse("2026-07-01T08:00:00Z"));
    expect(cdr.instantOf("2026-01-01T09:00:00")).toBe(Date.parse("2026-01-01T09:00:00Z"));
  });

  it.each<[string, object]>([
    ["a part of a path", { ...CDR, dir: "sms-cdr" }],
    ["without a zone", { ...CDR, zone: undefined }],
    ["of no place", { ...CDR, zone: "+01:00" }],
    ["without a column", { ...CDR, columns: { from: "Source", to: "Destination" } }],
    ["of another form", { ...CDR, dates: "ymd" }],
    ["misspelt", { ...CDR, collumns: {} }],
  ])("are refused %s", (_, cdr) => {
    expect(() => config(cdr)).toThrow(/DAYBOOK_SMS_SMPP_CDR/);
  });

  it("stand beside SMPP alone", () => {
    const sources = [{ provider: "vonage", url: "https://hooks.example.gov/v", secrets: ["made up"] }];
    const webhooks = { DAYBOOK_SMS_WEBHOOKS: JSON.stringify({ sources }) };
    expect(smsProblems(config(CDR, webhooks))).toEqual([
      "DAYBOOK_SMS_SMPP_CDR: stands without SMPP, whose messages are compared",
    ]);
  });

  it("are said in the file of daybook up, too", async () => {
    const dir = mkdtempSync(join(tmpdir(), "cli-sms-cdr-"));
    const up = (cdr: object) => {
      const smpp = { hosts: [SMPP.DAYBOOK_SMS_SMPP_HOSTS], systemId: "daybook", password: "s3cret", cdr };
      const numbers = [{ number: "+447700900123", custodian: "Olivia Sinclair" }];
      const file = join(dir, "sms.json");
      writeFileSync(file, JSON.stringify({ numbers, country: "GB", smpp }), { mode: 0o600 });
      const keys = { service: {}, save: () => Promise.resolve() };
      const of = { file, host: "127.0.0.1", log: createLogger("sms", "fatal") };
      return withSms({ dir } as never, keys as never, of);
    };
    try {
      expect((await up(CDR)).live).toHaveLength(1);
      await expect(up({ ...CDR, zone: undefined })).rejects.toThrow(/smpp\.cdr\.zone/);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
