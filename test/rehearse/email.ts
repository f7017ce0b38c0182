import { chmodSync } from "node:fs";
import { join } from "node:path";
import { makeAuthority } from "@daybook/lab";
import { report } from "../../connectors/email/test/intake.ts";
import { SubmissionServer } from "../../connectors/email/test/submission.ts";
import { freePort, Postfix, swaks } from "../../connectors/email/test/postfix.ts";
import { until } from "../e2e/support/archive.ts";
import type { Daybook } from "../e2e/support/daybook.ts";
import { exported, type Rehearsed } from "./steps.ts";

const OFFICIAL = "Olivia Sinclair";
const MAILBOX = "olivia@example.gov.uk";
const JOURNAL = "journal-7f3a@archive.example.gov.uk";
const RECORD = "record@example.gov.uk";
const PRIVATE = "olivia.private@example.com";
const LOAD = 50;

/**
 * An organisation's mail from end to end, from Postfix: journal copies and a report come over TLS, the whole server is killed
 * while many are on their way, and Postfix hands over later what was not taken. A copy of private mail is answered with a
 * receipt. What is left is a package that verifies.
 *
 * @param say told of each step, in words
 */
export async function rehearseEmail(daybook: Daybook, say: (line: string) => void): Promise<Rehearsed> {
  const authority = await makeAuthority(join(daybook.dir, "mail-authority"));
  const port = await freePort();
  const submission = await SubmissionServer.start();
  const settings = {
    mailboxes: [{ addresses: [MAILBOX, "o.sinclair@example.gov.uk"], custodian: OFFICIAL }],
    journalAddresses: [JOURNAL],
    sources: ["127.0.0.1"],
    port,
    copies: {
      addresses: [RECORD],
      privateMailboxes: [{ addresses: [PRIVATE], custodian: OFFICIAL }],
      receipts: {
        from: "no-reply@example.gov.uk",
        submission: { host: "127.0.0.1", port: submission.port, security: "none" },
      },
    },
    tls: await authority.issue({ subject: "localhost", names: ["DNS:localhost"] }),
  };
  const file = daybook.write("email.json", JSON.stringify(settings));
  chmodSync(file, 0o600);
  const up = () => daybook.up("--email", file);
  await up();
  const postfix = await Postfix.start(port, true);
  try {
    say("A Postfix is up that hands on to Daybook alone, over TLS: no mail leaves this machine.");
    const sends = (...more: string[]) =>
      swaks(postfix.port, ["--from", "fergus@example.org", "--to", JOURNAL, ...more]);
    await sends("--h-To", MAILBOX, "--h-Subject", "Can the ferry sail on Friday?", "--body", "Fergus");
    await sends(
      ...["--h-To", MAILBOX, "--h-Subject", "Timetable of the ferry", "--body", "Attached."],
      ...["--attach-type", "text/csv", "--attach-name", "timetable.csv", "--attach", "day,hour\nFriday,9\n"],
    );
    await sends(
      "--data",
      report(["Sender: fergus@example.org", `Bcc: ${MAILBOX}`], blindly("ferry, blindly")),
    );
    say("A copy, one with an attachment and a report of a blind copy were sent.");
    const { id: matter } = await daybook.json<{ id: string }>([
      ...["matter", "open", "--title", "Ferry", "--kind", "foi"],
    ]);
    const found = async (...words: string[]) =>
      (await daybook.json<{ total: number }>(["search", ...words, "--network", "email", "--matter", matter]))
        .total;
    await until("the blind copy", async () => (await found("blindly")) > 0);

    await swaks(postfix.port, [
      ...["--from", PRIVATE, "--to", "record+minister@example.gov.uk", "--h-To", "fergus@example.org"],
      ...["--h-Subject", "Privately of the pier", "--body", "From my own address."],
    ]);
    await submission.untilTaken(1);
    await until("the copy", async () => (await found("privately")) === 1);
    say("An official copied private mail to the record, and got a receipt.");

    await postfix.load(LOAD, JOURNAL, MAILBOX);
    await daybook.stop("SIGKILL");
    say(`The server was killed while ${LOAD} more were on their way.`);
    for (let n = 1; n <= 3; n += 1)
      await sends("--h-To", MAILBOX, "--h-Subject", `While you were away, ${n} of 3`, "--body", "Fergus");
    if ((await postfix.queued()) < 3) throw new Error("Postfix does not hold what nobody took");
    await up();
    await until("Postfix to have handed over all", async () => (await postfix.queued()) === 0);
    await sends("--h-To", MAILBOX, "--h-Subject", "The last of them", "--body", "Fergus");
    await until("the last message", async () => (await found('"last of them"')) === 1);
    await until("those of the meantime", async () => (await found('"of 3"')) === 3);
    if (/status=(?:bounced|expired)/.test(postfix.log())) throw new Error("mail was given back");
    say("Postfix held what was not taken, and handed all of it over.");
    const rehearsed = await exported(daybook, "email", ["--matter", matter, "--network", "email"]);
    say("The mail is an evidence package, and it verifies.");
    return rehearsed;
  } finally {
    await daybook.stop();
    await postfix[Symbol.asyncDispose]();
    await submission[Symbol.asyncDispose]();
  }
}

function blindly(subject: string): string {
  return [
    "From: Fergus <fergus@example.org>",
    "To: All <all@example.org>",
    `Subject: ${subject}`,
    "Message-ID: <blindly@example.org>",
    "Date: Mon, 13 May 2024 10:01:00 +0100",
    "",
    "You did not get this.",
    "",
  ].join("\r\n");
}

/** Messages that are on record in the end: three, the copy, the load, three of the meantime and the last. */
export const REHEARSED_MAIL = 3 + 1 + LOAD + 3 + 1;
