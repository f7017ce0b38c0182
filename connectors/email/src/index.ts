export type { MailCanarySettings } from "./canary/mail-canary.ts";
export { type CopyOptions, Email, type EmailOptions } from "./email.ts";
export { openMail } from "./files/open-mail.ts";
export type { IntakeTls } from "./intake/smtp-intake.ts";
export type { Sources } from "./intake/trust.ts";
export { Imap } from "./mailbox/imap.ts";
export { accountOf, type ImapAccount, type ImapOptions } from "./mailbox/options.ts";
export type { Submission } from "./submission.ts";
export type { MessageTraceSettings } from "./trace/message-trace.ts";
