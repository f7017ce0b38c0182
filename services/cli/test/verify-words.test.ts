import type { ReportedLog, VerifyReport } from "@daybook/verify";
import { inWords, verifyCommand } from "../src/commands/verify.ts";
import { createOutput } from "../src/output.ts";

const AT = "2026-03-09T09:00:00.000Z";
const log: ReportedLog = { origin: "dept.example/0", size: 12, witnessed: [], unknownWitnesses: [] };

const report = (of: Partial<ReportedLog>, more: Partial<VerifyReport> = {}): VerifyReport => ({
  ok: true,
  records: 12,
  problems: [],
  logs: [{ ...log, ...of }],
  keyFrom: "given",
  receipt: true,
  ...more,
});

it("says of what is no package what one is", () => {
  const problems = [
    { path: "", problem: "not a ZIP" },
    { path: "bagit.txt", problem: "missing" },
  ];
  const words = inWords(report({}, { ok: false, logs: [], problems })).split("\n");

  expect(words).toEqual([
    "NOT GOOD: 2 problems.",
    expect.stringContaining("no evidence package, or a part of one: give the folder that holds bagit.txt"),
    "  not a ZIP",
    "  bagit.txt: missing",
  ]);
  const altered = [{ path: "data/index.csv", problem: "altered" }];
  expect(inWords(report({}, { ok: false, logs: [], problems: altered }))).toBe(
    "NOT GOOD: 1 problem.\n  data/index.csv: altered",
  );
});

describe("what verify says of witnesses and stamps", () => {
  it("names those that a given key vouches for, with the time", () => {
    const words = inWords(
      report({
        witnessed: [{ witness: "w.example", at: AT, keyFrom: "given" }],
        stamp: { at: AT, authority: "CN=A", caFrom: "given" },
      }),
    );

    expect(words.split("\n").slice(1, 4)).toEqual([
      "  dept.example/0: 12 records in its log",
      `    seen by the witness w.example at ${AT}`,
      `    there at ${AT}, by the stamp of CN=A`,
    ]);
  });

  it("says which of them only the package vouches for, or nobody", () => {
    const words = inWords(
      report({
        witnessed: [{ witness: "w.example", at: AT, keyFrom: "package" }],
        unknownWitnesses: ["x\u001b[2J.example"],
        stamp: { at: AT, authority: "CN=A\u202e", caFrom: "package" },
      }),
    );

    expect(words).toContain("only the package vouches for its key: use --witness");
    expect(words).toContain("only the package vouches for its authority: use --tsa-ca");
    expect(words).toContain("signed also by x\ufffd[2J.example: not known, and not checked");
    expect(words).not.toMatch(/[\u001b\u202e]/);
  });

  it("says that no witness is known, where none is", () => {
    expect(inWords(report({}))).toContain("No witness is known to have seen these logs.");
  });

  it("asks for a file of certificates that can be read", async () => {
    const output = createOutput(false);

    await expect(verifyCommand(".", { tsaCa: "/nonexistent.pem" }, output)).rejects.toMatchObject({
      message: "/nonexistent.pem cannot be read: give a file of certificates, PEM",
      exitCode: 1,
    });
  });
});
