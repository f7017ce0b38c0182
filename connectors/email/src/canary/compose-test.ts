import MailComposer from "nodemailer/lib/mail-composer";

/** Which way a test tests, and between which addresses it goes. */
export interface TestEnvelope {
  readonly way: keyof typeof SUBJECTS;
  readonly from: string;
  readonly to: string;
  readonly at: Date;
}

/** What tests are about. Nobody reads it: their mailboxes are for nothing else. */
export const SUBJECTS = { journal: "Test of the journal", copied: "Test of copying" } as const;

/**
 * A test message, ready to be sent.
 *
 * @param words all that it says
 */
export async function composeTest(words: string, of: TestEnvelope) {
  const { way, from, to, at } = of;
  const composer = new MailComposer({
    from,
    to,
    subject: SUBJECTS[way],
    date: at,
    messageId: messageIdOf(words, from),
    // RFC 3834, section 5: so that no program answers it.
    headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
    text: `${words}\n`,
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: "\r\n",
  });
  return composer.compile().build();
}

/** The Message-ID of a test, in angle brackets. */
export function messageIdOf(words: string, address: string): string {
  return `<${words.replaceAll(" ", "-")}@${address.slice(address.lastIndexOf("@") + 1)}>`;
}
