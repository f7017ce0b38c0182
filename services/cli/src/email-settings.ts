import type { MailCanarySettings, MessageTraceSettings, Submission } from "@daybook/email";
import { z } from "zod";
import { type MicrosoftGiven, microsoftOf, microsoftOrigin } from "./microsoft-settings.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** An address of mail, in lower case. */
export const mailAddress = z
  .string()
  .regex(/^[^\s@,]{1,200}@[^\s@,]{1,255}$/, "must be an address")
  .toLowerCase();

/** An IP address, or a network, of a mail server. */
export const mailSource = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** Whether it is this machine alone: nobody listens in between. */
export function isThisMachine(source: string): boolean {
  return source === "::1" || /^127\.\d+\.\d+\.\d+(?:\/(?:[89]|[12]\d|3[0-2]))?$/.test(source);
}

/** How many mailboxes, and addresses of one kind, a setting may name. */
export const MAX_MAILBOXES = 20_000;
export const MAX_JOURNAL_ADDRESSES = 100;
export const MAX_SOURCES = 1_000;

/** A line `ADDRESS[,ADDRESS...] CUSTODIAN`. */
const mailboxLine = z
  .string()
  .regex(/^[^\s@]+@\S+\s+\S/, "each line must be ADDRESS[,ADDRESS...] CUSTODIAN")
  .transform((line) => {
    const [first = ""] = line.split(/\s/, 1);
    const [one = "", ...more] = first.toLowerCase().split(",");
    return { addresses: [one, ...more] as [string, ...string[]], custodian: line.slice(first.length).trim() };
  });

/** Mailboxes and whose they are, one a line. */
export const mailboxLines = z
  .string()
  .max(4 * 1024 * 1024)
  .transform((text) => text.split("\n").filter((line) => line.trim() !== ""))
  .pipe(z.array(mailboxLine).min(1).max(MAX_MAILBOXES));

/** Separated by commas, or spaces. */
export const words = (text: string) => text.split(/[\s,]+/).filter((one) => one !== "");

/** Without what may follow a plus: each takes any. */
export const copyAddress = mailAddress.refine((address) => !address.includes("+"), {
  error: "must be without its part from + on",
});

export const copyAddresses = z.string().transform(words).pipe(z.array(copyAddress).min(1).max(100));

/** 44 U.S.C. 2911 allows 20 days. */
export const lateAfterDays = z.coerce.number<string | number>().int().min(0).max(3_650).default(20);

export const receiptsPerDay = z.coerce.number<string | number>().int().min(1).max(1_000).default(20);

/** The server that takes what programs send. */
export const submissionUrl = z
  .string()
  .regex(/^smtps?:\/\/(?:[\w.-]+|\[[0-9a-f:]+\]):\d{1,5}$/i, "must look like smtps://HOST:PORT")
  .transform((text) => {
    const { protocol, hostname, port } = new URL(text);
    const security = protocol === "smtps:" ? ("tls" as const) : ("starttls" as const);
    return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port), security };
  })
  .refine(({ port }) => port >= 1 && port <= 65_535, "must have a port from 1 to 65535");

/** Between two tests of the journal, and within what each has to arrive. */
export const canaryMinutes = z.coerce.number<string | number>().int().min(2).max(1_440).default(15);
export const canaryWithinMinutes = z.coerce.number<string | number>().int().min(1).max(1_439).default(10);
/** The same of the way of copies. */
export const copyCanaryHours = z.coerce.number<string | number>().int().min(1).max(168).default(24);
export const copyCanaryWithinMinutes = z.coerce.number<string | number>().int().min(1).max(59).default(30);
export const CANARY_WITHIN = "must be less than the minutes between two tests";

/** How long after its end a day is compared: what the trace and the journal have of it comes late. */
export const traceSettleHours = z.coerce.number<string | number>().int().min(1).max(240).default(24);
export const traceGraphUrl = microsoftOrigin.default("https://graph.microsoft.com");

/** The comparison with a tenant's message trace, by settings that were judged before; undefined where no tenant is named. */
export function messageTraceOf({
  settleHours,
  graphUrl,
  ...given
}: MicrosoftGiven & { readonly settleHours: number; readonly graphUrl: string }):
  MessageTraceSettings | undefined {
  const application = microsoftOf(given);
  return application && { application, graphUrl, settleMs: settleHours * HOUR_MS };
}

/** A test of mail, by settings that were judged before; undefined where no mailbox is named, or nothing sends from it. */
export function mailCanaryOf({
  mailbox: address,
  submission,
  everyMs,
  withinMinutes,
}: {
  readonly mailbox: string | undefined;
  readonly submission: Submission | undefined;
  readonly everyMs: number;
  readonly withinMinutes: number;
}): MailCanarySettings | undefined {
  if (address === undefined || !submission) return undefined;
  return { address, submission, everyMs, withinMs: withinMinutes * MINUTE_MS };
}
