import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { Live } from "@daybook/capture";
import type { Home } from "@daybook/compose";
import type { Submission } from "@daybook/email";
import type { Logger } from "@daybook/runtime";
import { z } from "zod";
import {
  CANARY_WITHIN,
  canaryMinutes,
  canaryWithinMinutes,
  copyAddress,
  copyCanaryHours,
  copyCanaryWithinMinutes,
  HOUR_MS,
  isThisMachine,
  lateAfterDays,
  mailAddress,
  mailCanaryOf,
  mailSource,
  MAX_JOURNAL_ADDRESSES,
  MAX_MAILBOXES,
  MAX_SOURCES,
  messageTraceOf,
  MINUTE_MS,
  receiptsPerDay,
  traceGraphUrl,
  traceSettleHours,
} from "../email-settings.ts";
import { checkMicrosoft, microsoftFields } from "../microsoft-settings.ts";
import type { Keys } from "./keys.ts";
import { readPrivateSettings } from "./private-settings.ts";

const word = z.string().trim().min(1).max(4_096);
const pem = z.string().regex(/-----BEGIN [A-Z ]+-----/, "must be PEM");

const mailboxes = z
  .array(z.strictObject({ addresses: z.tuple([mailAddress], mailAddress), custodian: word }))
  .min(1)
  .max(MAX_MAILBOXES);
const login = { user: word.optional(), password: word.optional(), ca: pem.optional() };

const submission = z
  .strictObject({
    host: word,
    port: z.int().min(1).max(65_535),
    security: z.enum(["tls", "starttls", "none"]),
    ...login,
  })
  .refine(({ host, security }) => security !== "none" || isThisMachine(host), {
    path: ["security"],
    error: "`none` is for a server at 127.0.0.1",
  });

/** How the journal is tested. */
const canary = z
  .strictObject({
    mailbox: mailAddress,
    minutes: canaryMinutes,
    withinMinutes: canaryWithinMinutes,
    submission,
  })
  .refine(({ minutes, withinMinutes }) => withinMinutes < minutes, {
    path: ["withinMinutes"],
    error: CANARY_WITHIN,
  });

/** The tenant whose message trace the journal is compared with. */
const trace = z
  .strictObject({ ...microsoftFields, settleHours: traceSettleHours, graphUrl: traceGraphUrl })
  .superRefine(checkMicrosoft);

/** How the way of copies is tested. */
const copyCanary = z.strictObject({
  mailbox: mailAddress,
  hours: copyCanaryHours,
  withinMinutes: copyCanaryWithinMinutes,
  submission,
});

/** How copies of private mail are taken, and answered. */
const copies = z.strictObject({
  addresses: z.array(copyAddress).min(1).max(100),
  privateMailboxes: mailboxes,
  lateAfterDays,
  canary: copyCanary.optional(),
  receipts: z
    .strictObject({
      from: mailAddress,
      perDay: receiptsPerDay,
      submission,
    })
    .optional(),
});

/** What a file says of a journal of mail: see `connectors/email`. */
const settings = z
  .strictObject({
    mailboxes,
    copies: copies.optional(),
    canary: canary.optional(),
    trace: trace.optional(),
    journalAddresses: z.array(mailAddress).min(1).max(MAX_JOURNAL_ADDRESSES),
    sources: z.array(mailSource).max(MAX_SOURCES).default([]),
    clientNames: z.array(z.string().min(1).max(255)).max(100).default([]),
    clientCa: pem.optional(),
    port: z.int().min(1).max(65_535).default(2525),
    tls: z
      .strictObject({ certificate: pem, key: pem })
      .refine(isPair, { path: ["key"], error: "is no key without a passphrase that the certificate is of" })
      .optional(),
  })
  .refine(({ sources, clientNames }) => sources.length + clientNames.length > 0, {
    path: ["sources"],
    error: "say who may send: addresses, or names in certificates",
  })
  .refine(({ clientNames, clientCa }) => clientNames.length > 0 === (clientCa !== undefined), {
    path: ["clientCa"],
    error: "belongs with clientNames",
  })
  .refine(
    ({ tls, sources, clientNames }) => tls ?? (clientNames.length === 0 && sources.every(isThisMachine)),
    { path: ["tls"], error: "mail of other machines comes encrypted" },
  )
  .refine(
    ({ canary: given, mailboxes: governed }) =>
      !given || governed.some(({ addresses }) => addresses.includes(given.mailbox)),
    { path: ["canary", "mailbox"], error: "is no governed mailbox" },
  )
  .refine(
    ({ copies: given }) =>
      !given?.canary ||
      given.privateMailboxes.some(({ addresses }) => addresses.includes(given.canary?.mailbox ?? "")),
    { path: ["copies", "canary", "mailbox"], error: "is no registered mailbox" },
  );

function isPair({ certificate, key }: { certificate: string; key: string }): boolean {
  try {
    createSecureContext({ cert: certificate, key });
    return true;
  } catch {
    return false;
  }
}

/**
 * Has a home capture an organisation's mail by its journal.
 *
 * @param file says whose mail, and who sends the journal
 * @param host where mail servers come to
 * @returns the keys with one for what is remembered, which is made and kept where there is none
 * @throws {CliError} for a file that says something else, or that others may read
 */
export async function withEmail(
  home: Home,
  keys: Keys,
  { file, host, log }: { file: string; host: string; log: Logger },
): Promise<{ keys: Keys; live: Live }> {
  const given = await readPrivateSettings(file, "mail", settings);
  const key = keys.service.email ?? randomBytes(32).toString("base64");
  const { emailLive } = await import("../email.ts");
  const service = { ...keys.service, email: key };
  if (keys.service.email === undefined) await keys.save(service);
  const live = emailLive({
    mailboxes: given.mailboxes,
    copies: copiesOf(given.copies),
    canary: given.canary && canaryOf(given.canary, given.canary.minutes * MINUTE_MS),
    trace: given.trace && messageTraceOf(given.trace),
    journalAddresses: given.journalAddresses,
    sources: { addresses: given.sources, names: given.clientNames },
    at: { host, port: given.port },
    tls: given.tls && { ...given.tls, clientAuthority: given.clientCa },
    stateFile: join(home.dir, "email.state"),
    key: Buffer.from(key, "base64"),
    log,
  });
  return { keys: { ...keys, service }, live };
}

function copiesOf(given: z.infer<typeof copies> | undefined) {
  if (!given) return undefined;
  const { addresses, privateMailboxes, lateAfterDays: days, receipts, canary: tested } = given;
  return {
    addresses,
    mailboxes: privateMailboxes,
    lateAfterDays: days,
    canary: tested && canaryOf(tested, tested.hours * HOUR_MS),
    ...(receipts && { receipts: { ...receipts, submission: submissionOf(receipts.submission) } }),
  };
}

function canaryOf(of: Omit<z.infer<typeof canary>, "minutes">, everyMs: number) {
  return mailCanaryOf({ ...of, submission: submissionOf(of.submission), everyMs });
}

function submissionOf({ password, ...of }: z.infer<typeof submission>): Submission {
  return { ...of, password: password === undefined ? undefined : () => password };
}
