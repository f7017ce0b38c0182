import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Logger } from "@daybook/runtime";
import { z } from "zod";
import { googleServiceAccount, imapUrl, MAX_IMAP_MAILBOXES, outlookUrl } from "../imap-settings.ts";
import { checkMicrosoft, microsoftFields, microsoftOf } from "../microsoft-settings.ts";
import type { Keys } from "./keys.ts";
import { readPrivateSettings } from "./private-settings.ts";

const word = z.string().trim().min(1).max(4_096);

const mailbox = z
  .strictObject({ url: imapUrl, custodian: word, password: word.optional() })
  .refine(({ url, password }) => (url.tokens === undefined) === (password !== undefined), {
    path: ["password"],
    error: "belongs to a mailbox whose URL has no ?auth=",
  });

/** What a file says of mailboxes that are read by IMAP: see `connectors/email`. */
const settings = z
  .strictObject({
    mailboxes: z.array(mailbox).min(1).max(MAX_IMAP_MAILBOXES),
    microsoft: z
      .strictObject({ ...microsoftFields, outlookUrl })
      .superRefine(checkMicrosoft)
      .optional(),
    google: googleServiceAccount.optional(),
    ca: z
      .string()
      .regex(/-----BEGIN [A-Z ]+-----/, "must be PEM")
      .optional(),
  })
  .superRefine((given, context) => {
    for (const giver of ["microsoft", "google"] as const)
      if (!given[giver] && given.mailboxes.some(({ url }) => url.tokens === giver))
        context.addIssue({ code: "custom", path: [giver], message: `is missing beside ?auth=${giver}` });
  });

/**
 * Has a home read mailboxes by IMAP, and follow them.
 *
 * @param file says which, and what they open with
 * @returns the keys with one for what is remembered, which is made and kept where there is none
 * @throws {CliError} for a file that says something else, or that others may read
 */
export async function withImap(
  home: Home,
  keys: Keys,
  { file, log }: { file: string; log: Logger },
): Promise<{ keys: Keys; live: Live }> {
  const { mailboxes, microsoft, google, ca } = await readPrivateSettings(file, "mailboxes", settings);
  const key = keys.service.imap ?? randomBytes(32).toString("base64");
  const { imapLive } = await import("../imap.ts");
  const service = { ...keys.service, imap: key };
  if (keys.service.imap === undefined) await keys.save(service);
  const application = microsoft && microsoftOf(microsoft);
  const live = imapLive({
    mailboxes: mailboxes.map(({ url: { tokens, ...at }, custodian, password = "" }) => ({
      ...at,
      custodian,
      signIn: tokens ?? (() => password),
      ca,
    })),
    microsoft: application && { application, outlookUrl: microsoft.outlookUrl },
    google,
    stateFile: join(home.dir, "imap.state"),
    key: Buffer.from(key, "base64"),
    log,
  });
  return { keys: { ...keys, service }, live };
}
