import { setTimeout as sleep } from "node:timers/promises";
import { Client, Intake } from "./intake.ts";
import { SubmissionServer } from "./submission.ts";

const RECORD = "record@example.gov.uk";
const CANARY = "canary@example.com";
const IS_TEST = "250 2.0.0 a test arrived";
const ONCE_MS = 86_400_000;

const until = async (isSo: () => boolean) => {
  while (!isSo()) await sleep(10);
};

let server: SubmissionServer;
beforeEach(async () => {
  server = await SubmissionServer.start();
});
afterEach(() => server[Symbol.asyncDispose]());

function open(everyMs = ONCE_MS): Promise<Intake> {
  const submission = { host: "127.0.0.1", port: server.port, security: "none" } as const;
  return Intake.open({
    copies: {
      addresses: [RECORD],
      mailboxes: [
        { addresses: ["ann.private@example.com"], custodian: { id: "c1", name: "Ann Lee" } },
        { addresses: [CANARY], custodian: { id: "c8", name: "Copy canary" } },
      ],
      lateAfterDays: 20,
      canary: { address: CANARY, submission, everyMs, withinMs: 200 },
      receipts: { from: "no-reply@example.gov.uk", perDay: 20, submission },
    },
  });
}

async function deliver(intake: Intake, message: string): Promise<string> {
  using client = await Client.open(intake.port);
  return await client.send(message, RECORD, CANARY);
}

/** What the canary recorded, and what is to be seen to. */
const said = (intake: Intake) =>
  intake
    .captured("coverage", "gap")
    .filter(({ eventId }) => eventId.startsWith("canary:"))
    .map(({ event: { account, method, kind, coverage } }) => [account, method, coverage?.state ?? kind]);
const alerts = ({ email }: Intake) =>
  email.health().flatMap(({ account, alerts: all }) => all.map((alert) => `${account} ${alert}`));

describe("a test of copying", () => {
  it("goes to the official address, and is coverage and no record when it arrives; nobody is sent a receipt", async () => {
    await using intake = await open(400);
    server.journal = (message) => deliver(intake, message);
    await until(() => said(intake).some(([, , state]) => state === "live"));

    expect(said(intake)).toContainEqual([CANARY, "copied", "live"]);
    expect([server.taken[0]?.from, server.taken[0]?.to]).toEqual([CANARY, [RECORD]]);
    expect(intake.captured("message", "notice")).toEqual([]);
    expect(server.taken.filter(({ from }) => from !== CANARY)).toEqual([]);
  });

  it("that is withheld is a gap and an alert, until it comes", async () => {
    await using intake = await open();
    await server.untilTaken(1);
    await until(() => said(intake).length > 0);
    expect([said(intake), alerts(intake)]).toEqual([
      [[CANARY, "copied", "gap"]],
      [`${CANARY} canary-missing`],
    ]);
    expect(await deliver(intake, server.taken[0]!.message)).toBe(IS_TEST);

    expect(alerts(intake)).toEqual([]);
    expect(intake.captured("message", "notice")).toEqual([]);
  });

  it("hides no words, and is only what was sent from here", async () => {
    await using intake = await open();
    await server.untilTaken(1);
    const { message } = server.taken[0]!;
    for (const other of [
      `${message}Meet at nine.\r\n`,
      `X-Note: meet at nine\r\n${message}`,
      message.replaceAll(/[0-9a-f]{32}/g, "0".repeat(32)),
      message.replace(`From: ${CANARY}`, "From: mallory@example.org"),
    ])
      expect(await deliver(intake, other)).toMatch(/^250 2\.0\.0 kept as /);

    expect(intake.captured("message")).toHaveLength(4);
  });
});
