import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordingSink } from "@daybook/contract/testing";
import type { EmailOptions } from "../src/index.ts";
import { ANN, Client, Intake } from "./intake.ts";
import { SubmissionServer } from "./submission.ts";

const RECORD = "record@example.gov.uk";
const PRIVATE = "ann.private@example.com";

let server: SubmissionServer;
let dir: string;
beforeEach(async () => {
  server = await SubmissionServer.start();
  dir = mkdtempSync(join(tmpdir(), "daybook-receipts-"));
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

function open(sink = new RecordingSink(), port = server.port, perDay = 20): Promise<Intake> {
  const options: Partial<EmailOptions> = {
    stateFile: join(dir, "email.state"),
    key: Buffer.alloc(32, 7),
    copies: {
      addresses: [RECORD],
      mailboxes: [{ addresses: [PRIVATE], custodian: ANN }],
      lateAfterDays: 20,
      receipts: {
        from: "no-reply@example.gov.uk",
        submission: { host: "127.0.0.1", port, security: "none" },
        perDay,
        waits: { firstMs: 20, mostMs: 100 },
      },
    },
  };
  return Intake.open(options, sink);
}

function mail(more: Readonly<Record<string, string>> = {}, body = "A secret about the pier."): string {
  const headers = {
    From: PRIVATE,
    To: RECORD,
    Subject: "Fwd: Pier",
    "Message-ID": "<m1@example.com>",
    Date: "Mon, 13 May 2024 10:01:00 +0100",
    ...more,
  };
  return [...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "", body, ""].join("\r\n");
}

async function send(intake: Intake, message = mail(), from = PRIVATE): Promise<string> {
  using client = await Client.open(intake.port);
  return await client.send(message, RECORD, from);
}

const receiptsOf = (intake: Intake) =>
  intake.captured("notice").filter(({ eventId }) => eventId.startsWith("receipt:"));
const decoded = (message: string) => message.replaceAll("=\r\n", "").replaceAll("=3D", "=");

describe("a receipt", () => {
  it("says what was kept, under which digest and how strong it is, and repeats nothing", async () => {
    await using intake = await open();
    await send(intake);
    await server.untilTaken(1);

    const [{ from, to, message }] = server.taken as [(typeof server.taken)[0]];
    const { stableDigest } = intake.captured("message")[0]!;
    expect([from, to]).toEqual(["", [PRIVATE]]);
    expect(decoded(message)).toContain(stableDigest);
    expect(message).toMatch(/weak: nothing vouches/);
    expect(message).toMatch(/Forward as Attachment/i);
    expect(message).toMatch(/^Auto-Submitted: auto-replied\r$/m);
    expect(message).toMatch(/^In-Reply-To: <m1@example\.com>\r$/m);
    expect(message).not.toMatch(/secret|pier/i);
    const [recorded] = receiptsOf(intake);
    expect(recorded!.event).toMatchObject({ kind: "notice", account: PRIVATE, target: "m1@example.com" });
    expect(Buffer.from(recorded!.event.raw, "base64").toString().trim()).toBe(message.trim());
  });

  it("never goes to a program, a list, a stranger or one who is not alone the author", async () => {
    await using intake = await open();
    const rows: readonly [Readonly<Record<string, string>>, string][] = [
      [{}, ""],
      [{ "Auto-Submitted": "auto-replied" }, PRIVATE],
      [{ "List-Id": "<pier.example.org>" }, PRIVATE],
      [{ Precedence: "bulk" }, PRIVATE],
      [{ "Content-Type": "multipart/report; boundary=x" }, PRIVATE],
      [{ From: "mallory@example.org" }, "mallory@example.org"],
      [{ "From ": "mallory@example.org" }, PRIVATE],
    ];
    for (const [n, [headers, from]] of rows.entries())
      expect(await send(intake, mail({ ...headers, "Message-ID": `<m${n}@example.com>` }), from)).toMatch(
        /^250/,
      );
    await send(intake, mail({ "Message-ID": "<last@example.com>" }));
    await server.untilTaken(1);

    expect(server.taken[0]!.message).toMatch(/In-Reply-To: <last@example\.com>/);
    expect(receiptsOf(intake)).toHaveLength(1);
  });

  it("is for nothing that scope leaves out", async () => {
    const sink = Object.assign(new RecordingSink(), { excludes: () => Promise.resolve(true) });
    await using intake = await open(sink);
    expect(await send(intake)).toMatch(/^250/);
    Object.assign(sink, { excludes: () => Promise.resolve(false) });
    await send(intake, mail({ "Message-ID": "<last@example.com>" }));
    await server.untilTaken(1);

    expect(server.taken[0]!.message).toMatch(/In-Reply-To: <last@example\.com>/);
  });

  it("goes once to one copy, however often it comes, also after a restart", async () => {
    await using first = await open();
    await send(first);
    await send(first);
    await server.untilTaken(1);
    await first[Symbol.asyncDispose]();
    await using second = await open();
    await send(second);
    await send(second, mail({ "Message-ID": "<last@example.com>" }));
    await server.untilTaken(2);

    expect(server.taken[1]!.message).toMatch(/In-Reply-To: <last@example\.com>/);
  });

  it("goes to one address no more than so often a day", async () => {
    await using intake = await open(new RecordingSink(), server.port, 2);
    for (const n of [1, 2, 3, 4])
      expect(await send(intake, mail({ "Message-ID": `<m${n}@example.com>` }))).toMatch(/^250/);
    await server.untilTaken(2);

    expect(receiptsOf(intake)).toHaveLength(2);
    expect(intake.captured("message")).toHaveLength(4);
  });

  it.each([
    ["lost", 1],
    ["kept", 2],
  ] as const)("that is %s is sent again, the same byte for byte, and recorded once", async (fault, times) => {
    server.faults.push(fault);
    await using intake = await open();
    await send(intake);
    await server.untilTaken(times);
    await send(intake, mail({ "Message-ID": "<last@example.com>" }));
    await server.untilTaken(times + 1);

    expect(new Set(server.taken.slice(0, times).map(({ message }) => message)).size).toBe(1);
    expect(new Set(receiptsOf(intake).map(({ eventId, stableDigest }) => eventId + stableDigest)).size).toBe(
      2,
    );
  });

  it("that is refused is given up, and that is recorded", async () => {
    server.faults.push("refused");
    await using intake = await open();
    await send(intake);
    while (receiptsOf(intake).length < 2) await sleep(20);
    await send(intake, mail({ "Message-ID": "<last@example.com>" }));
    await server.untilTaken(1);

    expect(receiptsOf(intake)[1]!.event.text).toMatch(/not sent: the mail server refuses it/);
    expect(server.taken[0]!.message).toMatch(/In-Reply-To: <last@example\.com>/);
  });

  it("that waits when the process ends is sent by the next", async () => {
    await using closed = await SubmissionServer.start();
    const port = closed.port;
    await closed[Symbol.asyncDispose]();
    await using first = await open(new RecordingSink(), port);
    expect(await send(first)).toMatch(/^250/);
    while (receiptsOf(first).length === 0) await sleep(20);
    await first[Symbol.asyncDispose]();
    await using second = await open();
    await server.untilTaken(1);

    expect(new Set([...receiptsOf(first), ...receiptsOf(second)].map(({ eventId }) => eventId)).size).toBe(1);
  });

  it("is owed once where a copy was kept and not answered, and its sender sent it again", async () => {
    await using intake = await open(new RecordingSink({ failures: 1, keep: true }));
    expect([(await send(intake)).slice(0, 3), (await send(intake)).slice(0, 3)]).toEqual(["451", "250"]);
    await send(intake, mail({ "Message-ID": "<last@example.com>" }));
    await server.untilTaken(2);

    expect(server.taken[1]!.message).toMatch(/In-Reply-To: <last@example\.com>/);
  });
});
