export type { MailCanarySettings } from "./canary/mail-canary.ts";
export { type CopyOptions, Email, type EmailOptions } from "./email.ts";
export { openMail } from "./files/open-mail.ts";
export type { IntakeTls } from "./intake/smtp-intake.ts";
export type { Sources } from "./intake/trust.ts";
export { Imap } from "./mailbox/imap.ts";
export { accountOf, type ImapAccount, type ImapOptions, type SignIn } from "./mailbox/options.ts";
export { type GoogleServiceAccount, googleTokens } from "./oauth/google.ts";
export {
  type MicrosoftApplication,
  type MicrosoftCredential,
  microsoftTokens,
} from "./oauth/microsoft.ts";
export type { Submission } from "./submission.ts";
export type { MessageTraceSettings } from "./trace/message-trace.ts";
