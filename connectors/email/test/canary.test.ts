import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Captured, ConnectorError } from "@daybook/contract";
import { RecordingSink } from "@daybook/contract/testing";
import type { EmailOptions } from "../src/index.ts";
import { ANN, Client, Intake, JOURNAL, report } from "./intake.ts";
import { describeWithPostfix, freePort, Postfix } from "./postfix.ts";
import { SubmissionServer } from "./submission.ts";

const CANARY = "canary@example.gov.uk";
const ANNS = "ann@example.gov.uk";
const LINES = [
  `Sender: ${CANARY}`,
  "Subject: Test of the journal",
  "Message-Id: <x@example.gov.uk>",
  `To: ${CANARY}`,
];
const IS_TEST = "250 2.0.0 a test arrived";
const IS_KEPT = /^250 2\.0\.0 kept as [0-9a-f]{16}$/;
/** One test, and no more within the time that a test of ours takes. */
const ONCE_MS = 86_400_000;
const OFTEN_MS = 400;

const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(10);
};

let server: SubmissionServer;
let dir: string;
beforeEach(async () => {
  server = await SubmissionServer.start();
  dir = mkdtempSync(join(tmpdir(), "daybook-mail-canary-"));
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true });
});

function open({
  everyMs = ONCE_MS,
  sink = new RecordingSink(),
  submissionPort = server.port,
  port = 0,
} = {}): Promise<Intake> {
  const submission = { host: "127.0.0.1", port: submissionPort, security: "none" } as const;
  const options: Partial<EmailOptions> = {
    mailboxes: [
      { addresses: [ANNS], custodian: ANN },
      { addresses: [CANARY, "canary@mail.example.gov.uk"], custodian: { id: "c9", name: "Journal canary" } },
    ],
    canary: { address: CANARY, submission, everyMs, withinMs: 200 },
    at: { host: "127.0.0.1", port },
    stateFile: join(dir, "email.state"),
    key: Buffer.alloc(32, 7),
  };
  return Intake.open(options, sink);
}

const isOfCanary = ({ eventId }: Captured) => eventId.startsWith("canary:");

/** What the canary recorded, each once. */
function said({ sink }: Intake): string[] {
  const each = new Map(
    sink.captured.filter(isOfCanary).map((one) => [`${one.eventId} ${one.stableDigest}`, one.event]),
  );
  return [...each.values()].map(({ account, coverage, kind }) => `${account} ${coverage?.state ?? kind}`);
}

const alertsOf = ({ email }: Intake) =>
  email.health().flatMap(({ account, alerts }) => alerts.map((alert) => `${account} ${alert}`));

async function deliver(intake: Intake, message: string): Promise<string> {
  using client = await Client.open(intake.port);
  return await client.send(message);
}

/** The report of a message, as a tenant's journal makes it. */
const reported = (inner: string, lines = LINES) => report(lines, inner);

/** The n-th test that was sent. */
async function testSent(n = 0): Promise<string> {
  await server.untilTaken(n + 1);
  return server.taken[n]!.message;
}

/** Messages with the words of a test and others, by where those stand. */
const WITH_OTHERS: readonly [string, (sent: string) => string][] = [
  ["beside its own", (sent) => reported(sent.replace(/\r\n$/, " Meet at nine\r\n"))],
  ["below", (sent) => reported(`${sent}Meet at nine.\r\n`)],
  ["in its subject", (sent) => reported(sent.replace("Test of the journal", "Meet at nine"))],
  ["as a name", (sent) => reported(sent.replace(`To: ${CANARY}`, `To: Meet at nine <${CANARY}>`))],
  ["in a comment", (sent) => reported(sent.replace(`To: ${CANARY}`, `To: ${CANARY} (meet at nine)`))],
  ["in a field", (sent) => reported(`X-Note: meet at nine\r\n${sent}`)],
  ["between fields", (sent) => reported(sent.replace("\r\nTo:", "\r\nmeet at nine\r\nTo:"))],
  ["in its type", (sent) => reported(sent.replace("text/plain", "text/plain; x=meet-at-nine"))],
  ["in its name", (sent) => reported(sent.replace("<daybook-canary-", "<meet-at-nine-"))],
  ["for somebody else", (sent) => reported(sent.replace(`To: ${CANARY}`, `To: ${CANARY}\r\nCc: ${ANNS}`))],
  ["for a blind copy", (sent) => reported(sent, [...LINES, `Bcc: ${ANNS}`])],
  ["for a list", (sent) => reported(sent, [...LINES, `To: ${ANNS}, Expanded: ${CANARY}`])],
  [
    "in a second message",
    (sent) =>
      reported(sent).replace(
        "--_r_--",
        "--_r_\r\nContent-Type: message/rfc822\r\n\r\nSubject: meet\r\n\r\nAt nine\r\n--_r_--",
      ),
  ],
  [
    "that a decoder leaves out",
    (sent) => {
      const [head = "", body = ""] = sent.split("\r\n\r\n");
      const encoded = `${Buffer.from(body).toString("base64")}\r\n*meet*at*nine*`;
      return reported(`${head.replace("7bit", "base64")}\r\n\r\n${encoded}\r\n`);
    },
  ],
];

describe("a test of the journal", () => {
  it("goes from the mailbox to itself, and what the journal tells of it is coverage and no record", async () => {
    await using intake = await open({ everyMs: OFTEN_MS });
    server.journal = (message) => deliver(intake, reported(message));
    await until(() => said(intake).includes(`${CANARY} live`));
    await until(() => alertsOf(intake).length === 0);

    const { from, to, message } = server.taken[0]!;
    expect([from, to]).toEqual([CANARY, [CANARY]]);
    const [words] = /daybook-canary [0-9a-f]{32}/.exec(message)!;
    expect(intake.captured("message", "notice")).toEqual([]);
    const raws = intake.captured().map(({ event: { raw } }) => Buffer.from(raw, "base64").toString());
    expect(raws.join() + JSON.stringify(intake.sink.captured)).not.toContain(words);
  });

  it("is known by a plain copy too, as servers sent it on and as they delivered it, a few times", async () => {
    await using intake = await open();
    const sent = await testSent();
    const [head = "", body = ""] = sent.split("\r\n\r\n");
    const servers = [
      "Received: from a.example.gov.uk by b.example.gov.uk; Mon, 13 May 2024 10:01:00 +0100",
      "X-MS-Has-Attach:",
      "Thread-Topic: Test of the",
      " journal",
    ];
    for (const copy of [
      sent,
      sent,
      `${servers.join("\r\n")}\r\n${sent}`,
      sent.replace(`From: ${CANARY}`, `From: "Journal Canary" <${CANARY}>`),
      `${head.replace("7bit", "base64")}\r\n\r\n${Buffer.from(body).toString("base64")}\r\n`,
    ])
      expect(await deliver(intake, copy)).toBe(IS_TEST);
    expect(intake.captured("message", "notice")).toEqual([]);

    // The field is one that servers write, the words are not theirs: but there were as many as servers make.
    expect(await deliver(intake, `X-MS-Words: meet at nine\r\n${sent}`)).toMatch(IS_KEPT);
  });

  it("that is withheld is a gap and an alarm; when it comes late the alarm ends, and it is no record either", async () => {
    await using intake = await open();
    const sent = await testSent();
    await until(() => said(intake).length > 0);
    expect(said(intake)).toEqual([`${CANARY} gap`]);
    expect(alertsOf(intake)).toEqual([`${CANARY} canary-missing`]);
    expect(await deliver(intake, reported(sent))).toBe(IS_TEST);

    expect(alertsOf(intake)).toEqual([]);
    expect(intake.captured("message", "notice")).toEqual([]);
  });

  it("is sent again while one is missing, until one arrives", async () => {
    await using intake = await open({ everyMs: OFTEN_MS });
    await until(() => alertsOf(intake).includes(`${CANARY} canary-missing`));
    server.journal = (message) => deliver(intake, reported(message));
    await until(() => said(intake).includes(`${CANARY} live`));
    await until(() => alertsOf(intake).length === 0);

    expect(said(intake)[0]).toBe(`${CANARY} gap`);
    expect(said(intake)).toContain(`${CANARY} down`);
  });

  it("hides no words of anybody's behind it", async () => {
    await using intake = await open();
    const sent = await testSent();
    const hidden: string[] = [];
    for (const [where, changed] of WITH_OTHERS) {
      const altered = changed(sent);
      intake.sink.captured.length = 0;
      const answer = await deliver(intake, altered);
      const raws = intake.captured("message").map(({ event }) => Buffer.from(event.raw, "base64").toString());
      expect(altered).not.toBe(reported(sent));
      if (!IS_KEPT.test(answer) || !raws.includes(`${altered}\r\n`)) hidden.push(where);
    }

    expect(hidden).toEqual([]);
    expect(await deliver(intake, reported(sent))).toBe(IS_TEST);
  });

  it("is only what this process sent, and the mailbox alone: all else is a message, and nothing arrived", async () => {
    await using intake = await open();
    const sent = await testSent();
    for (const one of [
      reported(sent.replaceAll(/[0-9a-f]{32}/g, "0".repeat(32))),
      reported(sent.replace(`From: ${CANARY}`, "From: mallory@example.org")),
      reported(sent, ["Sender: mallory@example.org", `To: ${CANARY}`]),
    ])
      expect(await deliver(intake, one)).toMatch(IS_KEPT);
    await until(() => said(intake).length > 0);

    expect(intake.captured("message")).toHaveLength(3);
    expect(said(intake)).toEqual([`${CANARY} gap`]);
  });

  it("that came back has not arrived", async () => {
    await using intake = await open();
    const sent = await testSent();
    await deliver(intake, sent.replace("Content-Type: text/plain", "Content-Type: multipart/report"));
    await until(() => said(intake).length > 0);

    expect(said(intake)).toEqual([`${CANARY} gap`]);
    expect(intake.captured("notice")).not.toEqual([]);
  });

  it("is known after a restart, and so is the alarm", async () => {
    await using first = await open();
    const sent = await testSent();
    await until(() => said(first).length > 0);
    await first[Symbol.asyncDispose]();
    await using second = await open({ everyMs: OFTEN_MS });
    expect(alertsOf(second)).toEqual([`${CANARY} canary-missing`]);

    // The second time as by a server that heard no answer to the first.
    expect([await deliver(second, reported(sent)), await deliver(second, reported(sent))]).toEqual([
      IS_TEST,
      IS_TEST,
    ]);
    await until(() => said(second).includes(`${CANARY} live`));
    expect(second.captured("message", "notice")).toEqual([]);
  });

  it.each(["lost", "refused"] as const)("that is %s tells nothing of the journal", async (fault) => {
    server.faults.push(fault);
    await using intake = await open();
    await until(() => alertsOf(intake).length > 0);

    expect(alertsOf(intake)).toEqual([`${CANARY} canary-not-sent`]);
    expect(said(intake)).toEqual([]);
  });

  it("that was taken, and nobody answered, arrives all the same and is no record", async () => {
    server.faults.push("kept");
    await using intake = await open();
    const sent = await testSent();
    await until(() => alertsOf(intake).includes(`${CANARY} canary-not-sent`));

    expect(await deliver(intake, reported(sent))).toBe(IS_TEST);
    expect(intake.captured("message", "notice")).toEqual([]);
  });

  it("is recorded once where that was kept, and nobody answered", async () => {
    const sink = new Unanswering();
    await using intake = await open({ everyMs: OFTEN_MS, sink });
    server.journal = (message) => deliver(intake, reported(message));
    await until(() => sink.unanswered < 0);

    const all = sink.captured.filter(isOfCanary);
    const first = all.filter(({ eventId }) => eventId === all[0]!.eventId);
    expect(first.length).toBeGreaterThanOrEqual(3);
    expect(new Set(first.map(({ stableDigest }) => stableDigest)).size).toBe(1);
  });
});

/** Keeps what a canary records, and twice nobody learns of it. */
class Unanswering extends RecordingSink {
  unanswered = 2;

  override async capture(events: readonly Captured[]): Promise<void> {
    await super.capture(events);
    if (!events.some(isOfCanary)) return;
    this.unanswered -= 1;
    if (this.unanswered >= 0) throw new ConnectorError("stream-unavailable", "injected");
  }
}

describeWithPostfix("a mail server that hands on a copy of all", () => {
  it("hands on a test of the journal, which is no record", async () => {
    const port = await freePort();
    await using postfix = await Postfix.start(port, false, [
      `always_bcc = ${JOURNAL}`,
      "transport_maps = inline:{example.gov.uk=discard:}",
    ]);
    await using intake = await open({ everyMs: 2_000, submissionPort: postfix.port, port });
    await until(() => said(intake).includes(`${CANARY} live`));

    expect(intake.captured("message", "notice")).toEqual([]);
  }, 240_000);
});
