import MailComposer from "nodemailer/lib/mail-composer";

/** What a test is about. Nobody reads it: the mailbox is for nothing else. */
export const SUBJECT = "Test of the journal";

/**
 * A test message from a mailbox to itself, ready to be sent.
 *
 * @param words all that it says
 */
export async function composeTest(words: string, of: { readonly address: string; readonly at: Date }) {
  const { address, at } = of;
  const composer = new MailComposer({
    from: address,
    to: address,
    subject: SUBJECT,
    date: at,
    messageId: messageIdOf(words, address),
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
