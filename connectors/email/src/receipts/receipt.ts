import MailComposer from "nodemailer/lib/mail-composer";
import type { KeptCopy } from "../copied/receive-copy.ts";

const STRENGTHS: Readonly<Record<KeptCopy["strength"], string>> = {
  strong: "strong: its bytes are complete, and a provider's signature vouches for them",
  fair: "fair: its bytes are complete, and nothing else vouches for all of it",
  weak: "weak: nothing vouches for what it says but you",
};
const AS: Readonly<Record<KeptCopy["kind"], string>> = {
  copied: "as a copy of a message",
  attached: "as a message with the forwarded one enclosed",
  redirected: "as a message that was redirected",
  inline: "as text that was forwarded",
  screenshot: "as a picture",
  written: "as a message to the record itself",
};
const ADVICE = [
  "",
  "Please forward the message itself as an attachment, if you still have it: then it is kept byte for byte, and can be",
  "checked. In Outlook: More, Forward as Attachment. In Gmail: the three dots above the list, Forward as attachment. In",
  "Apple Mail: Message, Forward as Attachment. In future, put the address of the record in Bcc when you write.",
];

/**
 * The answer to who sent a copy, ready to be sent: what was kept, under which digest, and how strong it is. It repeats
 * nothing that the copy says. The same bytes for the same copy and time.
 *
 * @param of.from the address that it is from
 */
export async function composeReceipt(
  kept: KeptCopy & { readonly sentBy: string },
  of: { readonly from: string; readonly receivedAt: Date },
): Promise<Buffer> {
  const isWeakForm = kept.kind === "inline" || kept.kind === "screenshot";
  const text = [
    `What you sent to the record was kept, ${AS[kept.kind]}.`,
    "",
    `Came: ${of.receivedAt.toISOString()}`,
    `SHA-256, without what mail servers put in front: ${kept.digest}`,
    ...kept.enclosed.slice(0, 50).map((digest) => `Enclosed, SHA-256: ${digest}`),
    `As evidence it is ${STRENGTHS[kept.strength]}.`,
    ...(isWeakForm ? ADVICE : []),
    "",
    "A program wrote this. Nobody reads what is answered to it.",
    "",
  ].join("\n");
  const answered = kept.messageId === undefined ? undefined : `<${kept.messageId}>`;
  const composer = new MailComposer({
    from: of.from,
    to: kept.sentBy,
    subject: "Kept on the record",
    date: of.receivedAt,
    messageId: `<receipt-${kept.digest.slice(0, 40)}@${of.from.slice(of.from.lastIndexOf("@") + 1)}>`,
    ...(answered !== undefined && { inReplyTo: answered, references: answered }),
    // RFC 3834, section 5: so that no program answers it.
    headers: { "Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All" },
    text,
    textEncoding: "quoted-printable",
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: "\r\n",
  });
  return composer.compile().build();
}
